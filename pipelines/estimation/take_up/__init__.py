"""What a service does for those who take it up, and how the outcome goes with the dose.

Belongs here: effects on compliers with assignment as instrument, from people or from counts; dose and response. Does
not belong here: effects of assignment itself (intention to treat), which lead; bounds.

Nothing is imported on import: see `compliance`, `counts`, `dose`.
"""
