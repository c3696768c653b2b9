"""The correction list as a web page that needs nothing beside itself: no script, no picture, no address elsewhere.

What the list says belongs in correction_list.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby

from pipelines.validation.correction_list import WORKBOOK, CorrectionList, Place, Problem

STRETCHES_NAMED = 500
"""In one file, for one problem. The workbook has all of them."""
FOR_WHOM = (
    "This page is for the provider of these files only. It names rows of their files and exact small counts. "
    "Do not publish it, and do not send it to anybody else; delete it once the corrections are made."
)
FOLLOWS = "Rows that are set aside only because of another problem listed here are not listed again."
ROWS_COUNT = "Rows are counted as a spreadsheet shows them: the first row of the file is row 1."

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1c2126; font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
main { max-width: 52rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1, h2, h3 { color: #12436d; line-height: 1.25; margin: 2.25rem 0 .5rem; }
h1 { font-size: 1.75rem; margin-top: 0; }
h2 { font-size: 1.375rem; border-top: 2px solid #12436d; padding-top: 1rem; }
h3 { font-size: 1.0625rem; color: #1c2126; }
p { margin: 0 0 .75rem; max-width: 43rem; }
a { color: #12436d; text-underline-offset: .15em; }
a:focus-visible { outline: 3px solid #12436d; outline-offset: 2px; }
.for-whom { border-left: .5rem solid #801650; background: #f4f7f9; padding: .85rem 1rem; max-width: 43rem; }
.muted { color: #505a5f; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0 1.25rem; font-size: .9375rem; line-height: 1.45;
  border-top: 1px solid #12436d; border-bottom: 1px solid #12436d; }
caption { text-align: left; padding-bottom: .35rem; font-weight: 650; }
th, td { text-align: left; vertical-align: top; padding: .45rem .9rem .45rem 0; font-weight: 400; }
thead th { font-weight: 650; border-bottom: 1px solid #12436d; }
tbody tr + tr > * { border-top: 1px solid #cfd6dc; }
.count { text-align: right; font-variant-numeric: tabular-nums; }
tbody .file { overflow-wrap: anywhere; }
dl { margin: .25rem 0 .75rem; max-width: 43rem; }
dt { font-weight: 650; margin-top: .4rem; }
dd { margin: 0; }
@media (max-width: 40rem) { .wide { display: none; } }
@media (min-width: 40rem) {
  dl { display: grid; grid-template-columns: 8.5rem 1fr; column-gap: 1rem; row-gap: .3rem; }
  dt { margin: 0; }
}
@media print { main { padding: 0; max-width: none; } h3, tr { break-inside: avoid; break-after: avoid-page; } }
"""


def page(found: CorrectionList) -> bytes:
    """Return the page in UTF-8."""
    title = f"Correction list for {found.title}"
    body = _summary(found) + _tables(found) if found.problems else f"<p><strong>{_nothing(found)}</strong></p>"
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
<p class="for-whom"><strong>Who may see this page.</strong> {escape(FOR_WHOM)}</p>
{body}
{_other_tables(found)}
</main>
</body>
</html>
""".encode()


def _nothing(found: CorrectionList) -> str:
    return f"Nothing to correct in the drop {escape(found.drop)}." if found.drop else "Nothing has been checked yet."


def _summary(found: CorrectionList) -> str:
    count = len(found.problems)
    many = "1 problem" if count == 1 else f"{count} problems"
    rows = "".join(_summary_row(problem) for problem in found.problems)
    return f"""<p>In the drop {escape(found.drop)}, the checks found {many}. Correct them at the source, so that the
next drop has them right. {escape(ROWS_COUNT)} The same list is in {escape(WORKBOOK)}.</p>
<table>
<caption>What is to be corrected</caption>
<thead><tr><th scope="col">Problem</th><th scope="col" class="wide">Table</th>
<th scope="col" class="count">Rows</th>
<th scope="col" class="count">Share</th></tr></thead>
<tbody>{rows}</tbody>
</table>"""


def _summary_row(problem: Problem) -> str:
    return (
        f'<tr><th scope="row"><a href="#problem-{problem.number}">{problem.number}. {escape(problem.said)}</a></th>'
        f'<td class="wide">{escape(problem.table)}</td><td class="count">{problem.count}</td>'
        f'<td class="count">{problem.share}</td></tr>'
    )


def _tables(found: CorrectionList) -> str:
    groups = groupby(found.problems, key=lambda problem: problem.table)
    return "".join(f"<h2>{escape(table)}</h2>{''.join(map(_problem, problems))}" for table, problems in groups)


def _problem(problem: Problem) -> str:
    facts = [
        ("Rule", problem.words + "."),
        ("Column" if ", " not in problem.columns else "Columns", problem.columns),
        ("What happens", problem.happened),
        ("What to do", problem.advice),
    ]
    said = "".join(f"<dt>{name}</dt><dd>{escape(words)}</dd>" for name, words in facts if words)
    return (
        f'<section aria-labelledby="problem-{problem.number}"><h3 id="problem-{problem.number}">'
        f"{problem.number}. {escape(problem.said)}</h3><dl>{said}</dl>{_places(problem)}</section>"
    )


def _places(problem: Problem) -> str:
    if not problem.places:
        return '<p class="muted">This concerns the table as a whole, not single rows.</p>'
    rows = "".join(_place(place) for place in problem.places)
    return f"""<table>
<caption>Where problem {problem.number} is</caption>
<thead><tr><th scope="col">File</th><th scope="col">Drop</th><th scope="col">Rows of the file</th></tr></thead>
<tbody>{rows}</tbody>
</table>"""


def _place(place: Place) -> str:
    rows = escape(_spoken(place)) if place.stretches else "the file as a whole"
    return (
        f'<tr><th scope="row" class="file">{escape(place.file)}</th><td>{escape(place.drop)}</td><td>{rows}</td></tr>'
    )


def _spoken(place: Place) -> str:
    """Return rows with neighbours together: 3, 8 to 12."""
    first = ", ".join(stretch_words(*stretch) for stretch in place.stretches[:STRETCHES_NAMED])
    left = sum(last - first + 1 for first, last in place.stretches[STRETCHES_NAMED:])
    return f"{first} and {left:,} more rows, which {WORKBOOK} lists" if left else first


def stretch_words(first: int, last: int) -> str:
    """Return neighbouring rows in words."""
    return str(first) if first == last else f"{first} to {last}"


def _other_tables(found: CorrectionList) -> str:
    said = [f"Nothing to correct in: {', '.join(found.sound)}."] if found.sound and found.problems else []
    said += [FOLLOWS] if found.problems else []
    said += [f"{table}: last checked in the drop {drop}." for table, drop in found.earlier]
    return _paragraphs(said)


def _paragraphs(said: Iterable[str]) -> str:
    return "".join(f'<p class="muted">{escape(words)}</p>' for words in said)
