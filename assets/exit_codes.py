"""How the command ends, for scripts that call it."""

DONE = 0
"""All is well."""
STOPPED = 1
"""At least one site was refused or failed, or a drop does not fit its protocol; or the program has a fault."""
MISUSED = 2
"""The command or a protocol is wrong."""
UNAVAILABLE = 3
"""The workspace cannot be used, or for at least one site: missing, in use, full, or not ours to write. Try later."""
INTERRUPTED = 130
"""Ctrl-C, as shells count it."""


class Unavailable(Exception):
    """The workspace cannot be used; says why in plain words."""
