"""The subset of Quarto that reports may use, and the check that a file stays inside it.

Both renderers understand everything listed here; what is not listed is a fault, not a surprise in the PDF.

Header keys
    title, subtitle, lang, date, toc, toc-depth, number-sections, page-banner, jupyter,
    execute (echo, warning, eval). Formats are set once, in _quarto.yml.
Cells
    ```{python} and nothing else between the braces. Options: label, tags, fig-cap, fig-alt, tbl-cap, echo, include,
    output (true, false, asis), eval, warning. No magics (%), no shell commands (!).
    Labels begin fig- (one figure), tbl- (one table) or anything else (not referred to).
Inline code
    `{python} expression`: the value's text is Markdown. Quarto may escape plain strings, so a value with markup in it
    is wrapped in IPython's Markdown().
Blocks (::: {.class} ... :::)
    callout-note, -tip, -warning, -important, -caution (title="..." or a first heading; collapse="true")
    panel-tabset (one heading per tab), columns > column (width="40%"), layout-ncol=2
    content-visible, content-hidden with when-format or unless-format "html" or "typst"
    #fig-name, #tbl-name (last paragraph is the caption)
    house components: status-bar, banner, cards > card, key-finding, quote, lead, note, landscape
Spans ([text]{.class})
    light with one of green, amber, red, grey; big; muted; content-visible and content-hidden
Shortcodes
    {{< pagebreak >}}, {{< include file.qmd >}} on a line of its own
References
    @fig-name, @tbl-name, @sec-name
Raw blocks
    ```{=html} and ```{=typst}
Images
    files beside the report, never an address on the web; each has fig-alt (or is a figure of a cell that has it)
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.reporting.renderer.document import Chunk, Document, Line, cell_options, is_python, read_document
from pipelines.reporting.renderer.faults import Fault, RenderFault

HEADER_KEYS = frozenset(
    ("title", "subtitle", "lang", "date", "toc", "toc-depth", "number-sections", "page-banner", "jupyter", "execute")
)
CELL_OPTIONS = frozenset(
    ("label", "tags", "fig-cap", "fig-alt", "tbl-cap", "echo", "include", "output", "eval", "warning")
)
CALLOUTS = frozenset(f"callout-{kind}" for kind in ("note", "tip", "warning", "important", "caution"))
COMPONENTS = frozenset(("status-bar", "banner", "cards", "card", "key-finding", "quote", "lead", "note", "landscape"))
CONDITIONAL = frozenset(("content-visible", "content-hidden"))
LAYOUT = frozenset(("panel-tabset", "columns", "column"))
SPANS = CONDITIONAL | frozenset(("light", "green", "amber", "red", "grey", "big", "muted"))
HEADINGS = frozenset(("unnumbered", "unlisted"))
DIV_CLASSES = CALLOUTS | COMPONENTS | CONDITIONAL | LAYOUT
FORMATS = frozenset(("html", "typst"))

_DIV = re.compile(r"^\s*:{3,}\s*(?P<attributes>\S.*)$")
_DIV_END = re.compile(r"^\s*:{3,}\s*$")
_SHORTCODE = re.compile(r"\{\{<\s*(?P<name>[^\s>]+)[^>]*>\}\}")
_CLASS = re.compile(r"(?<![\w\"'=/])\.([A-Za-z][\w-]*)")
_ATTRIBUTES = re.compile(r"(?P<before>[\])]|^#+\s.*?\s)\{(?P<attributes>[^{}]*)\}")
_CONDITION = re.compile(r"(?:when|unless)-format\s*=\s*[\"']?([\w-]+)")
_REMOTE = re.compile(r"!\[[^\]]*\]\(\s*(?:[a-z]+:)?//", re.IGNORECASE)
_MAGIC = re.compile(r"^\s*[%!]")
_INDENTED_CELL = re.compile(r"^\s+(?:`{3,}|~{3,})\s*\{\s*python")
_CODE_SPAN = re.compile(r"`[^`]*`")


def lint(source: Path) -> list[Fault]:
    """Every place where a report leaves the documented subset, in order; empty when there is none."""
    try:
        document = read_document(source)
        faults = [*_header(document), *_chunks(document), *_markdown(document)]
    except RenderFault as fault:
        return list(fault.faults) or [Fault(source, 1, str(fault))]
    return sorted(set(faults))


def _header(document: Document) -> Iterator[Fault]:
    for key in document.header:
        if key not in HEADER_KEYS:
            yield document.find(f"{key}:").fault(f"the header key '{key}' is not supported; {_allowed(HEADER_KEYS)}")


def _chunks(document: Document) -> Iterator[Fault]:
    labels: dict[str, Line] = {}
    for chunk in document.chunks:
        opening = document.lines[chunk.first]
        if not chunk.closed:
            yield opening.fault("this block is never closed")
        elif chunk.info.startswith("{="):
            yield from _raw(chunk, opening)
        elif is_python(chunk.info):
            yield from _cell(document, chunk, labels)
        elif re.match(r"\{[A-Za-z]", chunk.info):
            yield opening.fault(f"cells in {chunk.info} are not supported; only {{python}}")


def _raw(chunk: Chunk, opening: Line) -> Iterator[Fault]:
    if chunk.info not in ("{=html}", "{=typst}"):
        yield opening.fault(f"raw blocks in {chunk.info} are not supported; only {{=html}} and {{=typst}}")


def _cell(document: Document, chunk: Chunk, labels: dict[str, Line]) -> Iterator[Fault]:
    opening, body = document.lines[chunk.first], document.lines[chunk.first + 1 : chunk.last]
    if not opening.text.startswith("```{"):
        yield opening.fault("begin a cell at the start of the line with three backticks, or it is not run")
    if chunk.info.replace(" ", "") != "{python}":
        yield opening.fault("write cell options as '#|' lines, not between the braces")
    for line in body:
        if _MAGIC.match(line.text):
            yield line.fault("magics (%) and shell commands (!) are not supported in cells")
    options = cell_options("\n".join(line.text for line in body), opening)
    for name in options:
        if name not in CELL_OPTIONS:
            place = next((line for line in body if f"{name}:" in line.text), opening)
            yield place.fault(f"the cell option '{name}' is not supported; {_allowed(CELL_OPTIONS)}")
    label = str(options.get("label", ""))
    if label and label in labels:
        yield opening.fault(f"the label '{label}' is used twice")
    labels[label] = opening


def _markdown(document: Document) -> Iterator[Fault]:
    opened: list[Line] = []
    for line in _text_lines(document):
        if _INDENTED_CELL.match(line.text):
            yield line.fault("begin a cell at the start of the line with three backticks, or it is not run")
        if _DIV_END.match(line.text):
            if opened:
                opened.pop()
            else:
                yield line.fault("this ':::' closes nothing")
        elif match := _DIV.match(line.text):
            opened.append(line)
            yield from _attributes(line, match["attributes"], DIV_CLASSES, "block class")
        yield from _inline(line)
    for line in opened:
        yield line.fault("this ':::' block is never closed")


def _text_lines(document: Document) -> Iterator[Line]:
    """Lines outside the header and outside fenced blocks."""
    fenced = {index for chunk in document.chunks for index in range(chunk.first, chunk.last + 1)}
    for index in range(document.header_end, len(document.lines)):
        if index not in fenced:
            yield document.lines[index]


def _inline(line: Line) -> Iterator[Fault]:
    text = _CODE_SPAN.sub("", line.text)
    for match in _SHORTCODE.finditer(text):
        if match["name"] != "pagebreak":
            name = match["name"]
            yield line.fault(f"the shortcode '{name}' is not supported here; use pagebreak, or include alone on a line")
    if _REMOTE.search(text):
        yield line.fault("an image on the web is not allowed: reports make no external request")
    for match in _ATTRIBUTES.finditer(text):
        heading = match["before"].startswith("#")
        yield from _attributes(line, match["attributes"], HEADINGS if heading else SPANS, "class")


def _attributes(line: Line, attributes: str, allowed: frozenset[str], what: str) -> Iterator[Fault]:
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", attributes)
    names = _CLASS.findall(bare) if "{" in attributes or what == "class" else bare.split()[:1]
    for name in names:
        if name not in allowed:
            yield line.fault(f"the {what} '{name}' is not supported; {_allowed(allowed)}")
    for value in _CONDITION.findall(attributes):
        if value not in FORMATS:
            yield line.fault(f"the format '{value}' is not supported; {_allowed(FORMATS)}")


def _allowed(names: Iterable[str]) -> str:
    return "use " + ", ".join(sorted(names))
