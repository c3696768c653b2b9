"""Pieces of Markdown that no content can break out of."""

import re

# great_tables sends its whole style sheet with every table; theme/tables.css replaces it.
_GT_STYLE = re.compile(r"<style>.*?</style>\s*", re.DOTALL)


def fenced(text: str, info: str) -> str:
    """A fenced block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{text}\n{fence}"


def raw_html(html: str) -> str:
    """HTML as a raw block, without great_tables' style sheet."""
    return fenced(_GT_STYLE.sub("", html) if "gt_table" in html else html, "{=html}")


def attribute(text: str) -> str:
    """Text for a pandoc attribute in double quotes."""
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')


def block(label: str, *parts: str) -> str:
    """A labelled block, its caption last; its fence is longer than an author writes, so inner blocks close first."""
    fence = ":" * 11
    return "\n\n".join((f"{fence} {{{label}}}", *parts, fence))
