"""What an estimator says when it must not answer."""


class EstimationRefusal(Exception):
    """An estimate was refused; the message says why in plain words.

    Neither text quotes a value from the data: they may be printed.

    Parameters
    ----------
    reason : str
        Why there is no estimate, for an evaluator.
    alternative : str
        The safe thing to do instead.

    Attributes
    ----------
    reason, alternative : str
        As given.
    """

    def __init__(self, reason: str, alternative: str) -> None:
        super().__init__(f"{reason} {alternative}")
        self.reason = reason
        self.alternative = alternative
