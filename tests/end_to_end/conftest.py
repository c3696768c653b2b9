"""Fixtures that the tests of this folder share."""

from tests.end_to_end.browser import chromium, session

__all__ = ["chromium", "session"]
