"""Building blocks of a report's Markdown. Words from evidence are escaped here, so that none can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# A number, a quote or a title must not become a list, a link, mathematics, a citation or HTML: every mark is escaped.


def plain(text: str) -> str:
    """Return words from evidence so that Markdown shows them exactly as they are, on one line."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def bold(text: str) -> str:
    """Return escaped words in bold."""
    return f"**{plain(text)}**"


def named(name: str, words: str) -> str:
    """Put a name in bold before its words; no full stop leads to nothing where there are no words."""
    return f"{bold(f'{name}.')} {plain(words)}" if words.strip() else bold(name)


def code(text: str, **attributes: str) -> str:
    """Return text as code, with data attributes by which a machine finds it."""
    shown = " ".join(text.split()).replace("`", "'")
    marks = " ".join(f'{name}="{_quoted(value)}"' for name, value in attributes.items())
    return f"`{shown}`" + (f"{{{marks}}}" if marks else "")


def source(*finding_ids: str) -> str:
    """Name the findings that something rests on, small and muted."""
    ids = " ".join(code(finding_id, finding=finding_id) for finding_id in dict.fromkeys(finding_ids))
    return f"[Source: {ids}]{{.muted}}" if ids else ""


def light(word: str, colour: str = "grey") -> str:
    """Return a light: a word first; shape and colour only repeat it."""
    return f"[{plain(word)}]{{.light .{colour}}}"


def block(kind: str, *paragraphs: str, depth: int = 3, **attributes: str) -> str:
    """Wrap paragraphs in a block; `depth` is greater for one that holds other blocks."""
    marks = "".join(f' {name}="{_quoted(value)}"' for name, value in attributes.items())
    fence = ":" * depth
    return joined(f"{fence} {{.{kind}{marks}}}", *paragraphs, fence)


def columns(parts: Sequence[str], widths: Sequence[int] = ()) -> str:
    """Put parts side by side; widths are in percent, equal where none are given."""
    shares = widths or [100 // len(parts)] * len(parts)
    told = (
        joined(f':::: {{.column width="{share}%"}}', part, "::::") for part, share in zip(parts, shares, strict=True)
    )
    return joined("::::: {.columns}", *told, ":::::")


def heading(level: int, title: str, name: str = "") -> str:
    """Return a heading, with the name that references use."""
    return f"{'#' * level} {plain(title)}" + (f" {{#{name}}}" if name else "")


def bullets(items: Iterable[str]) -> str:
    """Return a list; the items are Markdown."""
    return "\n".join(f"- {item}" for item in items)


def joined(*parts: str) -> str:
    """Join paragraphs and leave out the empty ones."""
    return "\n\n".join(part for part in parts if part)


def _quoted(value: str) -> str:
    """Return a value as it may stand inside the double quotes of an attribute."""
    return " ".join(value.split()).replace("\\", "\\\\").replace('"', '\\"')
