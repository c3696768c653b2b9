"""The text of a piece of HTML: its text nodes one after the other, as a browser's `textContent` has them.

The standard library's parser takes hours over a few megabytes of `<`; this one reads each letter once, and gives up on
what no tool writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

_TAG = re.compile(r"""<[a-zA-Z/!?](?:"[^"]*+"|'[^']*+'|[^'">])*+>""")
_OPENS = re.compile(r"<[a-zA-Z/!?]")
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
MOST_BROKEN = 1_000


class Token(NamedTuple):
    """A tag as it is written, or a text with its entities resolved."""

    is_tag: bool
    text: str

    @property
    def name(self) -> str:
        """Return a tag's name in small letters; nothing for what is none."""
        found = _NAME.match(self.text) if self.is_tag else None
        return found[1].lower() if found else ""


def text_nodes(html: str) -> str:
    """Return the text nodes of HTML put together; tags, comments and document types give nothing.

    Raises
    ------
    ValueError
        More than a thousand of its tags do not end.
    """
    return "".join(token.text for token in tokens(html) if not token.is_tag)


def tokens(html: str) -> Iterator[Token]:
    """Yield tags and texts in order; a `<` that begins no tag is text. Raises as `text_nodes` does."""
    at = since = broken = 0
    while (at := html.find("<", at)) >= 0:
        end = _end(html, at)
        if end < 0:
            broken += bool(_OPENS.match(html, at))
            if broken > MOST_BROKEN:
                raise ValueError("its HTML is broken: many tags do not end")
            at += 1
            continue
        if at > since:
            yield Token(False, unescape(html[since:at]))
        yield Token(True, html[at:end])
        at = since = end
    if since < len(html):
        yield Token(False, unescape(html[since:]))


def _end(html: str, at: int) -> int:
    """Return where a tag or a comment ends; -1 where none begins or it does not end."""
    if html.startswith("<!--", at):
        found = html.find("-->", at + 4)
        return found + 3 if found >= 0 else len(html)
    tag = _TAG.match(html, at)
    return tag.end() if tag else -1
