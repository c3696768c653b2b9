"""The embedded renderer: real pandoc, real Typst, the files read back.

Real Quarto cannot be installed without the open internet: the Quarto branch is tested by a stand-in program that
records how it was called, so what Quarto itself makes of these files is not shown here.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from textwrap import dedent
from typing import Any

import pypandoc
import pypdf
import pytest
from ruamel.yaml import YAML

from pipelines.reporting.renderer import Fault, Rendered, RenderFault, current_format, lint, render

TITLE = 'Transitional aid & "what next": 5% #1 $x_y [a] <b>'

PREPARE = """
```{python}
#| tags: [parameters]
site = "nowhere"
```

```{python}
#| include: false
import matplotlib.pyplot as plt
import pandas as pd
from great_tables import GT
from IPython.display import Markdown, display
frame = pd.DataFrame({"sex": ["Women", "Men"], "age": ["18-34", "35+"], "n": [34, 52]})
frame["low"], frame["high"] = [0.2, 0.4], [0.6, 0.7]
table = GT(frame, rowname_col="age", groupname_col="sex", id="base").tab_stubhead("Age")
table = table.tab_source_note("Rounded to 5.").tab_spanner("95% interval", ["low", "high"])
table = table.fmt_percent(["low", "high"], decimals=0)
```
"""

FIGURE = """
```{python}
#| label: fig-starts
#| fig-cap: "Starts *rose* after May"
#| fig-alt: "Line from 3 to \\"5\\" people"
fig, ax = plt.subplots(figsize=(5, 2))
ax.plot([3, 5])
```
"""

TABLE = """
```{python}
#| label: tbl-base
#| tbl-cap: "Who came"
table
```
"""


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Path]:
    """Write a report's source from its body."""

    def write(body: str, name: str = "site.qmd", header: str = "title: Report") -> Path:
        path = tmp_path / name
        path.write_text(f"---\n{header}\n---\n{dedent(body)}\n", "utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def no_quarto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    monkeypatch.setattr("pipelines.reporting.renderer.quarto.shutil.which", lambda *_, **__: None)


def html_of(source: Path, **parameters: object) -> str:
    target = source.with_suffix(".html")
    render(source, parameters=parameters, title=TITLE, html=target, pdf=None)
    return target.read_text("utf-8")


def main_of(source: Path, **parameters: object) -> str:
    return html_of(source, **parameters).split("<main", 1)[1].split("</main>")[0]


def pdf_of(source: Path, **parameters: object) -> pypdf.PdfReader:
    target = source.with_suffix(".pdf")
    render(source, parameters=parameters, title=TITLE, html=None, pdf=target)
    return pypdf.PdfReader(target)


def text_of(reader: pypdf.PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).replace("\xa0", " ").split())


def elements(reader: pypdf.PdfReader) -> Iterator[Any]:
    """Every element of the PDF's structure tree."""
    waiting = [reader.trailer["/Root"]["/StructTreeRoot"]["/K"]]
    while waiting:
        item = waiting.pop().get_object()
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            yield item
            if "/K" in item:
                waiting.append(item["/K"])


def kinds(reader: pypdf.PdfReader) -> list[str]:
    return [str(element["/S"]) for element in elements(reader) if "/S" in element]


def faults_of(source: Path, **formats: Path | None) -> str:
    with pytest.raises(RenderFault) as caught:
        render(source, parameters={}, title="T", **{"html": source.with_suffix(".html"), "pdf": None, **formats})
    return str(caught.value)


class TestCells:
    def test_parameters_replace_those_of_the_tagged_cell(self, report: Callable[..., Path]) -> None:
        source = report(PREPARE + "\nSite is `{python} site`.")
        assert "Site is Bay View." in main_of(source, site="Bay View")
        assert "Site is nowhere." in main_of(source)

    def test_a_parameter_must_be_a_plain_value(self, report: Callable[..., Path]) -> None:
        with pytest.raises(RenderFault, match="'site' is a object"):
            html_of(report("text"), site=object())

    def test_a_parameter_changed_by_a_cell_is_not_changed_for_the_next_format(
        self, report: Callable[..., Path]
    ) -> None:
        source = report(
            "```{python}\n#| tags: [parameters]\nitems = []\n```\n\n```{python}\nitems.append('x')\n```\n\n"
            "Has `{python} len(items)`."
        )
        render(
            source,
            parameters={"items": ["a"]},
            title="T",
            html=source.with_suffix(".html"),
            pdf=source.with_suffix(".pdf"),
        )
        assert "Has 2." in source.with_suffix(".html").read_text("utf-8")
        assert "Has 2." in text_of(pypdf.PdfReader(source.with_suffix(".pdf")))

    def test_another_environment_that_the_shell_has_active_plays_no_part(
        self, report: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))  # IPython would warn, and load from there
        assert "right here" in main_of(report("`{python} 'right here'`"))

    def test_inline_code_is_markdown(self, report: Callable[..., Path]) -> None:
        page = main_of(report(PREPARE + "\nOf `{python} 30 + 5` people, `{python} Markdown('**two**')` left."))
        assert "Of 35 people, <strong>two</strong> left." in page

    def test_the_format_is_known_to_cells(self, report: Callable[..., Path]) -> None:
        source = report(
            "```{python}\n#| include: false\nfrom pipelines.reporting.renderer import current_format\n```\n"
            "Seen as `{python} current_format()`, given as `{python} pilotlens_format`."
        )
        assert "Seen as html, given as html." in main_of(source)
        assert "Seen as typst, given as typst." in text_of(pdf_of(source))
        assert current_format() == "html"

    @pytest.mark.parametrize(
        ("asks", "runs"),
        [
            ("", ["x"]),
            ("from pipelines.reporting.renderer import current_format\nsaid = current_format()", ["html", "typst"]),
            ("said = pilotlens_format", ["html", "typst"]),
        ],
    )
    def test_cells_run_once_for_both_formats_unless_they_ask_for_which(
        self, report: Callable[..., Path], tmp_path: Path, asks: str, runs: list[str]
    ) -> None:
        log = tmp_path / "runs.txt"
        kept = f"with open({str(log)!r}, 'a') as log:\n    print(said, file=log)"
        source = report(f"```{{python}}\n#| include: false\nsaid = 'x'\n{asks}\n{kept}\n```\nRan as `{{python}} said`.")
        html, pdf = tmp_path / "r.html", tmp_path / "r.pdf"
        render(source, parameters={}, title="Report", html=html, pdf=pdf)
        assert log.read_text("utf-8").split() == runs
        assert f"Ran as {runs[0]}." in html.read_text("utf-8")
        assert f"Ran as {runs[-1]}." in text_of(pypdf.PdfReader(pdf))

    def test_quarto_tells_the_format_in_a_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "info.json").write_text(json.dumps({"format": {"pandoc": {"to": "typst"}}}), "utf-8")
        monkeypatch.setenv("QUARTO_EXECUTE_INFO", str(tmp_path / "info.json"))
        assert current_format() == "typst"

    @pytest.mark.parametrize(
        ("options", "shown", "hidden"),
        [
            ("", "<pre", "SOURCE"),
            ("#| echo: true\n", "SOURCE", "nothing"),
            ("#| include: false\n", "", "printed"),
            ("#| eval: false\n", "", "printed"),
            ("#| output: false\n", "", "printed"),
            ("#| output: asis\n", "<em>printed</em>", "<pre"),
            ("#| warning: true\n", "warned", "nothing"),
            ("", "", "warned"),
        ],
    )
    def test_options(self, report: Callable[..., Path], options: str, shown: str, hidden: str) -> None:
        code = "import sys\nprint('*printed*')  # SOURCE\nprint('warned', file=sys.stderr)"
        page = main_of(report(f"Text\n\n```{{python}}\n{options}{code}\n```"))
        assert shown in page
        assert hidden not in page

    def test_outputs_keep_their_order(self, report: Callable[..., Path]) -> None:
        page = main_of(
            report(
                PREPARE + "\n```{python}\n#| output: asis\nprint('one')\ndisplay(Markdown('two'))\nprint('three')\n```"
            )
        )
        assert re.search("one.*two.*three", page, re.DOTALL)

    def test_a_report_starts_with_nothing_of_the_last_one(self, report: Callable[..., Path]) -> None:
        html_of(report("```{python}\nleft = 1\n```"))
        assert "NameError: name 'left' is not defined" in faults_of(report("```{python}\nleft\n```"))

    def test_a_figure_is_shown_once_when_it_is_also_the_last_value(self, report: Callable[..., Path]) -> None:
        assert main_of(report(PREPARE + FIGURE.replace("ax.plot([3, 5])", "ax.plot([3, 5])\nfig"))).count("<img") == 1

    def test_what_a_drawing_returns_is_not_printed(self, report: Callable[..., Path]) -> None:
        assert "Line2D" not in main_of(report(PREPARE + FIGURE))

    def test_a_stopped_cell_names_its_line_and_tells_no_value(self, report: Callable[..., Path]) -> None:
        source = report("Text\n\n```{python}\n#| label: reach\nperson = 'Jane Doe'\n{}[person]\n```")
        assert faults_of(source) == "site.qmd:9: the cell 'reach' stopped: KeyError"

    def test_inline_code_that_stops_names_its_line(self, report: Callable[..., Path]) -> None:
        assert (
            faults_of(report("Text\n\nand `{python} int('Jane')`")) == "site.qmd:6: the inline code stopped: ValueError"
        )

    def test_the_process_is_left_as_it_was(self, report: Callable[..., Path]) -> None:
        before = sys.modules["__main__"], sys.displayhook, sys.stdout, os.getcwd()
        html_of(report(PREPARE + FIGURE))
        assert before == (sys.modules["__main__"], sys.displayhook, sys.stdout, os.getcwd())


class TestReferences:
    BODY = (
        PREPARE
        + "\n## First {#sec-one}\n\nSee @fig-starts, @tbl-base and @sec-two.\n"
        + FIGURE
        + TABLE
        + "\n## Second {#sec-two}\n"
    )

    def test_in_html(self, report: Callable[..., Path]) -> None:
        page = main_of(report(self.BODY))
        for target, text in (("fig-starts", "Figure 1"), ("tbl-base", "Table 1"), ("sec-two", "Section 2")):
            assert f'href="#{target}"' in page
            assert text in page.replace("\xa0", " ")
            assert f'id="{target}"' in page

    def test_in_pdf(self, report: Callable[..., Path]) -> None:
        reader = pdf_of(report(self.BODY))
        assert "See Figure 1, Table 1 and Section 2." in text_of(reader)
        assert kinds(reader).count("/Link") >= 3

    def test_without_numbers_a_section_is_named(self, report: Callable[..., Path]) -> None:
        source = report(
            "## First\n\nSee @sec-two.\n\n## The second {#sec-two}", header="title: T\nnumber-sections: false"
        )
        assert "‘The second’" in main_of(source)
        assert "See ‘The second’." in text_of(pdf_of(source))

    def test_to_nothing_is_a_fault(self, report: Callable[..., Path]) -> None:
        source = report("Text\n\nSee @fig-none and @tbl-none.")
        assert faults_of(source).splitlines() == [
            "site.qmd:6: the reference @fig-none points to nothing",
            "site.qmd:6: the reference @tbl-none points to nothing",
        ]

    def test_a_label_used_twice_is_a_fault(self, report: Callable[..., Path]) -> None:
        assert "the label 'sec-one' is used twice" in faults_of(report("## A {#sec-one}\n\n## B {#sec-one}"))


class TestFigures:
    def test_the_alt_text_reaches_both_formats(self, report: Callable[..., Path]) -> None:
        source = report(PREPARE + FIGURE)
        assert 'alt="Line from 3 to &quot;5&quot; people"' in main_of(source)
        assert [element["/Alt"] for element in elements(pdf_of(source)) if "/Alt" in element] == [
            'Line from 3 to "5" people'
        ]

    def test_without_alt_text_is_a_fault_that_names_it(self, report: Callable[..., Path]) -> None:
        source = report(PREPARE + re.sub(r"#\| fig-alt.*\n", "", FIGURE))
        line = source.read_text("utf-8").splitlines().index("#| label: fig-starts") + 1
        assert faults_of(source) == f"site.qmd:{line}: the figure 'fig-starts' has no fig-alt"
        assert "fig-starts" in faults_of(source, html=None, pdf=source.with_suffix(".pdf"))

    def test_without_caption_is_a_fault(self, report: Callable[..., Path]) -> None:
        assert "'fig-starts' has no caption" in faults_of(report(PREPARE + re.sub(r"#\| fig-cap.*\n", "", FIGURE)))

    def test_caption_and_alt_text_can_be_computed(self, report: Callable[..., Path]) -> None:
        pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
        image = f'![](data:image/png;base64,{pixel}){{fig-alt="now"}}'
        cell = f"print('::: {{#fig-now}}\\n\\n{image}\\n\\nComputed\\n\\n:::')"
        source = report(f"See @fig-now.\n\n```{{python}}\n#| output: asis\n{cell}\n```")
        assert 'alt="now"' in main_of(source)
        assert "See Figure 1. Figure 1: Computed" in text_of(pdf_of(source))

    def test_two_in_one_labelled_cell_are_a_fault(self, report: Callable[..., Path]) -> None:
        twice = FIGURE.replace("ax.plot([3, 5])", "plt.figure()")
        assert "draws more than one figure" in faults_of(report(PREPARE + twice))


class TestTables:
    def test_great_tables_stays_itself_in_html(self, report: Callable[..., Path]) -> None:
        page = main_of(report(PREPARE + TABLE))
        assert 'class="table-wrap" role="region" tabindex="0" aria-labelledby="tbl-base-caption"' in page
        assert "<style" not in page
        assert re.search(r'<th[^>]*scope="row"[^>]*>18-34</th>', page)

    def test_great_tables_becomes_a_real_table_in_pdf(self, report: Callable[..., Path]) -> None:
        reader = pdf_of(report(PREPARE + TABLE))
        assert {"/Table", "/THead", "/TH", "/TBody", "/TD", "/Caption"} <= set(kinds(reader))
        spans = [e["/A"] for e in elements(reader) if e.get("/S") == "/TH" and "/A" in e]
        assert any("ColSpan" in str(attributes) for attributes in spans)
        assert re.search("Table 1: Who came .*low high Women 18-34 34 20% 60% Men 35", text_of(reader))
        assert text_of(reader).count("Rounded to 5.") == 1

    def test_a_long_table_repeats_its_header(self, report: Callable[..., Path]) -> None:
        rows = "\n".join(f"| row {number} | {number} |" for number in range(120))
        reader = pdf_of(report(f"| Criterion | Result |\n|:--|--:|\n{rows}\n\n: Long {{#tbl-long}}"))
        assert len(reader.pages) > 2
        assert all("Criterion" in page.extract_text() for page in reader.pages)

    def test_without_header_is_a_fault(self, report: Callable[..., Path]) -> None:
        source = report("|   |   |\n|---|---|\n| a | b |\n\n: Bare {#tbl-bare}")
        assert "the table 'tbl-bare' has no header row" in faults_of(source)

    def test_lights_inside_cells_survive(self, report: Callable[..., Path]) -> None:
        source = report("| A | B |\n|--|--|\n| x | [Green: go]{.light .green} |\n\n: Lights {#tbl-lights}")
        assert '<span class="light green">Green: go</span>' in main_of(source)
        assert "Green: go" in text_of(pdf_of(source))


class TestBlocks:
    def test_callouts_say_their_kind_in_words(self, report: Callable[..., Path]) -> None:
        source = report(
            '::: {.callout-warning title="Few people"}\nRounded.\n:::\n\n::: {.callout-note}\n## Head\n\nNoted.\n:::'
        )
        page = main_of(source)
        assert "Warning: Few people" in page
        assert "Note: Head" in page
        assert "<h2" not in page
        assert "Warning: Few people Rounded." in text_of(pdf_of(source))

    def test_conditional_content(self, report: Callable[..., Path]) -> None:
        source = report(
            """
            ::: {.content-visible when-format="html"}
            seen-a
            :::
            ::: {.content-visible unless-format="html"}
            seen-b
            :::
            ::: {.content-hidden when-format="typst"}
            seen-c
            :::

            [seen-d]{.content-visible when-format="typst"}
            """
        )
        assert set(re.findall("seen-.", main_of(source))) == {"seen-a", "seen-c"}
        assert set(re.findall("seen-.", text_of(pdf_of(source)))) == {"seen-b", "seen-d"}

    def test_tabs_need_no_script_and_print_all(self, report: Callable[..., Path]) -> None:
        source = report("::: {.panel-tabset}\n## Numbers\n\nTab-one\n\n## Words\n\nTab-two\n:::")
        page = html_of(source)
        assert page.count('type="radio"') == 2
        assert "<script" not in page
        assert "Numbers Tab-one Words Tab-two" in text_of(pdf_of(source))

    def test_columns_and_page_breaks(self, report: Callable[..., Path]) -> None:
        source = report(
            '::: {.columns}\n::: {.column width="60%"}\nLeft\n:::\n::: {.column}\nRight\n:::\n:::\n\n'
            "{{< pagebreak >}}\n\nNext"
        )
        page = main_of(source)
        assert page.count('class="column"') == 2
        assert 'class="page-break"' in page
        assert "Next" in pdf_of(source).pages[1].extract_text()

    def test_house_components(self, report: Callable[..., Path]) -> None:
        source = report(
            """
            ::: {.status-bar}
            Site
            : Bay View
            :::

            :::: {.cards}
            ::: {.card title="Reach"}
            [72%]{.big}
            :::
            ::::

            ::: {.key-finding title="Key finding"}
            Few *left*.
            :::

            ::: {.quote by="Participant"}
            > They asked.
            :::

            ::: {.banner}
            Provisional
            :::
            """
        )
        page = main_of(source)
        for piece in (
            "<dt>Site</dt><dd>Bay View</dd>",
            'class="card"',
            "<figcaption>Participant</figcaption>",
            'class="banner"',
        ):
            assert piece in page
        text = text_of(pdf_of(source))
        assert "Site Bay View" in text
        assert "Reach 72% Key finding Few left. They asked. — Participant Provisional" in text

    def test_a_skipped_heading_level_is_a_fault(self, report: Callable[..., Path]) -> None:
        assert "the heading 'Deep' skips a level" in faults_of(report("## A\n\n#### Deep"))

    def test_an_include_reads_another_file(self, report: Callable[..., Path], tmp_path: Path) -> None:
        (tmp_path / "part.qmd").write_text("Included\n\n@fig-none\n", "utf-8")
        source = report("{{< include part.qmd >}}\n")
        assert faults_of(source) == "part.qmd:3: the reference @fig-none points to nothing"


class TestHtml:
    def test_loads_nothing(self, report: Callable[..., Path]) -> None:
        page = html_of(report(PREPARE + FIGURE + TABLE))
        assert not re.search(r'<(?:img|script|link|iframe)[^>]+(?:src|href)="(?!data:)', page)
        assert "http://" not in re.sub(r'xmlns="[^"]*"', "", page)

    def test_what_would_load_something_is_a_fault(self, report: Callable[..., Path]) -> None:
        cell = '```{python}\n#| output: asis\nprint(\'<img src="https://example.org/x.png" alt="x">\')\n```'
        assert "the page would load https://example.org/x.png" in faults_of(report(cell))

    def test_has_language_title_landmarks_and_contents(self, report: Callable[..., Path]) -> None:
        page = html_of(report("## First\n\ntext\n\n### Second\n\ntext"))
        assert '<html lang="en-GB">' in page
        assert f'<h1 class="title">{escape(TITLE, quote=False)}</h1>' in page
        assert '<main id="main"' in page
        assert re.search(r'<nav class="contents".*#first.*#second.*</nav>', page, re.DOTALL)
        assert re.findall(r"<h(\d)", page) == ["1", "2", "3"]

    @pytest.mark.browser
    def test_no_serious_accessibility_finding(self, report: Callable[..., Path]) -> None:
        axe = pytest.importorskip("axe_playwright_python.sync_playwright")
        playwright = pytest.importorskip("playwright.sync_api")
        chromium = Path("/usr/bin/chromium")
        if not chromium.exists():
            pytest.skip("no Chromium on this machine")
        body = (
            '\n::: {.callout-tip title="T"}\nx\n:::\n\n::: {.panel-tabset}\n### One\n\na\n\n### Two\n\nb\n:::\n\n'
            "[Green: go]{.light .green} [Red: stop]{.light .red} [Amber]{.light .amber} [None]{.light .grey}\n"
        )
        source = report(PREPARE + "\n## A\n\nSee @fig-starts.\n" + FIGURE + TABLE + body)
        html_of(source, page_banner="SYNTHETIC DATA")
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 420, "height": 800})
            requests: list[str] = []
            page.on("request", lambda request: requests.append(request.url))
            page.goto(source.with_suffix(".html").as_uri())
            found = axe.Axe().run(page).response["violations"]
            browser.close()
        assert [(finding["id"], finding["impact"]) for finding in found] == []
        assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


class TestPdf:
    def test_is_tagged_and_says_so(self, report: Callable[..., Path]) -> None:
        reader = pdf_of(report(PREPARE + "## A\n\n$x^2$\n" + FIGURE + TABLE))
        root = reader.trailer["/Root"]
        assert root["/Lang"] == "en-GB"
        assert reader.metadata is not None
        assert reader.metadata.title == TITLE
        assert root["/MarkInfo"]["/Marked"]
        xmp = root["/Metadata"].get_data().decode("utf-8")
        assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
        assert "<pdfaid:part>2</pdfaid:part>" in xmp
        assert {"/Title", "/H1", "/Figure", "/Formula", "/Caption"} <= set(kinds(reader))

    def test_the_banner_is_on_every_page(self, report: Callable[..., Path]) -> None:
        source = report("One\n\n{{< pagebreak >}}\n\nTwo\n\n{{< pagebreak >}}\n\nThree")
        pages = [page.extract_text() for page in pdf_of(source, page_banner="SYNTHETIC DATA").pages]
        assert len(pages) == 3
        assert all("SYNTHETIC DATA" in page for page in pages)
        assert [f"Page {number} of 3" in page for number, page in enumerate(pages, 1)] == [True] * 3
        assert html_of(source, page_banner="SYNTHETIC DATA").count("SYNTHETIC DATA") == 2

    def test_is_dated_by_the_evidence(self, report: Callable[..., Path]) -> None:
        reader = pdf_of(report("Text"), source_date="2026-03-31")
        assert reader.metadata is not None
        assert str(reader.metadata["/CreationDate"]).startswith("D:20260331")

    def test_a_wrong_date_is_a_fault(self, report: Callable[..., Path]) -> None:
        with pytest.raises(RenderFault, match="source_date"):
            pdf_of(report("Text"), source_date="31 March")

    def test_typst_marks_in_text_stay_text(self, report: Callable[..., Path]) -> None:
        text = text_of(pdf_of(report("Costs £5 #let \\$3 \\_a\\_ 5\\*3 // no comment = x \\@y")))
        assert "Costs £5 #let $3 _a_ 5*3 // no comment = x @y" in text


class TestFiles:
    def test_says_what_it_made(self, report: Callable[..., Path], tmp_path: Path) -> None:
        html, pdf = tmp_path / "out" / "r.html", tmp_path / "out" / "r.pdf"
        assert render(report("x"), parameters={}, title="T", html=html, pdf=pdf) == Rendered("embedded", html, pdf)
        assert sorted(path.name for path in html.parent.iterdir()) == ["r.html", "r.pdf"]

    def test_a_failure_in_one_format_leaves_both_old_files(self, report: Callable[..., Path], tmp_path: Path) -> None:
        html, pdf = tmp_path / "r.html", tmp_path / "r.pdf"
        html.write_text("old", "utf-8")
        pdf.write_text("old", "utf-8")
        source = report("```{python}\nif pilotlens_format == 'typst':\n    raise ValueError\n```")
        assert "ValueError" in faults_of(source, html=html, pdf=pdf)
        assert (html.read_text("utf-8"), pdf.read_text("utf-8")) == ("old", "old")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.pdf", "site.qmd"]

    def test_equal_input_gives_equal_bytes_in_another_process(
        self, report: Callable[..., Path], tmp_path: Path
    ) -> None:
        source = report(PREPARE + "## A\n\nSee @fig-starts and $x^2$.\n" + FIGURE + TABLE)
        code = (
            "import sys; from pathlib import Path; from pipelines.reporting.renderer import render;"
            "p = Path(sys.argv[2]); files = {'html': p / 'r.html', 'pdf': p / 'r.pdf'};"
            "render(Path(sys.argv[1]), parameters={'site': 'a'}, title='T', **files)"
        )
        for seed in ("1", "2"):
            folder = tmp_path / seed
            environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}", "PYTHONPATH": os.getcwd()}
            subprocess.run([sys.executable, "-c", code, str(source), str(folder)], env=environment, check=True)
        for name in ("r.html", "r.pdf"):
            assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


class TestLint:
    @pytest.mark.parametrize(
        ("body", "line", "words"),
        [
            ("{{< video x.mp4 >}}", 4, "the shortcode 'video' is not supported"),
            ("\n```{python}\n#| fig-width: 3\nx = 1\n```", 6, "the cell option 'fig-width' is not supported"),
            ("\n```{python}\n%matplotlib inline\n```", 6, "magics"),
            ("```{python echo=False}\n```", 4, "write cell options as '#|' lines"),
            ("- a\n\n  ```{python}\n  x = 1\n  ```", 6, "begin a cell at the start of the line"),
            ("```{r}\n1\n```", 4, "cells in {r} are not supported"),
            ("```{=latex}\nx\n```", 4, "raw blocks in {=latex} are not supported"),
            ("::: {.column-margin}\nx\n:::", 4, "the block class 'column-margin' is not supported"),
            ("::: sidebar\nx\n:::", 4, "the block class 'sidebar' is not supported"),
            ("[x]{.smallcaps}", 4, "the class 'smallcaps' is not supported"),
            ("## A {.appendix}", 4, "the class 'appendix' is not supported"),
            ('::: {.content-visible when-format="pdf"}\nx\n:::', 4, "the format 'pdf' is not supported"),
            ("::: {.banner}\nx", 4, "this ':::' block is never closed"),
            ("x\n\n:::", 6, "this ':::' closes nothing"),
            ("```{python}\nx = 1", 4, "this block is never closed"),
            ("![](https://example.org/a.png)", 4, "an image on the web"),
            ("```{python}\n#| label: a\n```\n\n```{python}\n#| label: a\n```", 8, "the label 'a' is used twice"),
            ("```{python}\n#| label: [\n```", 5, "this is not valid YAML"),
            ("{{< include none.qmd >}}", 4, "cannot include none.qmd"),
        ],
    )
    def test_names_line_and_fault(self, report: Callable[..., Path], body: str, line: int, words: str) -> None:
        found = lint(report(body))
        assert [fault.line for fault in found] == [line]
        assert words in found[0].message

    def test_the_header(self, report: Callable[..., Path]) -> None:
        found = lint(report("x", header="title: T\nformat: docx"))
        assert [(fault.path.name, fault.line) for fault in found] == [("site.qmd", 3)]
        assert "the header key 'format' is not supported" in found[0].message

    def test_rendering_stops_at_the_first_reading(self, report: Callable[..., Path]) -> None:
        source = report("```{python}\nopen('ran', 'w')\n```\n\n[x]{.smallcaps}")
        assert faults_of(source).startswith("site.qmd:8: the class 'smallcaps'")
        assert not Path("ran").exists()

    def test_code_may_show_what_text_may_not(self, report: Callable[..., Path]) -> None:
        assert lint(report("`{{< video >}}`\n\n```\n::: {.unknown}\n```")) == []

    def test_faults_sort_and_speak(self, tmp_path: Path) -> None:
        assert str(Fault(tmp_path / "a.qmd", 3, "words")) == "a.qmd:3: words"


FAKE = """#!{python}
import json, pathlib, sys
here = pathlib.Path.cwd()
values = pathlib.Path(sys.argv[sys.argv.index("--execute-params") + 1]).read_text()
record = {{"argv": sys.argv[1:], "values": values, "project": (here / "_quarto.yml").is_file(), "cwd": str(here)}}
record["source"] = (here / sys.argv[2]).read_text()
pathlib.Path({log!r}).open("a").write(json.dumps(record) + "\\n")
(here / sys.argv[sys.argv.index("--output") + 1]).write_text("by quarto")
sys.exit({code})
"""


class TestQuarto:
    """The command only: a program that records its arguments stands in for Quarto (see the module's first lines)."""

    @pytest.fixture
    def quarto(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
        def install(code: int) -> Path:
            program, log = tmp_path / "bin" / "quarto", tmp_path / "log.jsonl"
            program.parent.mkdir()
            program.write_text(FAKE.format(python=sys.executable, log=str(log), code=code), "utf-8")
            program.chmod(0o755)
            monkeypatch.undo()
            monkeypatch.setenv("QUARTO_PATH", str(program.parent))
            return log

        return install

    def test_is_used_where_it_is_installed(
        self, quarto: Callable[[int], Path], report: Callable[..., Path], tmp_path: Path
    ) -> None:
        log = quarto(0)
        html, pdf = tmp_path / "r.html", tmp_path / "r.pdf"
        made = render(
            report("x"), parameters={"site": "Bay", "page_banner": "SYNTHETIC"}, title="A: [b]", html=html, pdf=pdf
        )
        assert made.engine == "quarto"
        assert html.read_text("utf-8") == pdf.read_text("utf-8") == "by quarto"
        first, second = (json.loads(line) for line in log.read_text("utf-8").splitlines())
        assert first["argv"][:6] == ["render", "site.qmd", "--to", "html", "--output", "site.html"]
        assert second["argv"][:6] == ["render", "site.qmd", "--to", "typst", "--output", "site.pdf"]
        assert YAML(typ="safe", pure=True).load(first["source"].split("---")[1]) == {
            "title": "A\\: \\[b\\]",
            "lang": "en-GB",
            "page-banner": "SYNTHETIC",
        }
        assert first["source"].endswith("---\nx\n")
        assert "site: Bay" in first["values"]
        assert "pilotlens_format: typst" in second["values"]
        assert first["project"]
        assert first["cwd"] != second["cwd"]

    def test_its_failure_leaves_the_old_file_and_quotes_nothing(
        self, quarto: Callable[[int], Path], report: Callable[..., Path], tmp_path: Path
    ) -> None:
        quarto(1)
        html = tmp_path / "r.html"
        html.write_text("old", "utf-8")
        assert "Quarto stopped with code 1" in faults_of(report("x"), html=html)
        assert html.read_text("utf-8") == "old"

    @pytest.mark.parametrize("output", ["html", "typst"])
    def test_its_own_syntax_is_left_to_it(self, output: str) -> None:
        """The filter as Quarto runs it, here by pandoc alone: house components are dressed, all else stays."""
        text = "::: {.card title='Reach'}\nSee @fig-a, [Go]{.light .green}.\n:::\n\n::: {.callout-note}\nx\n:::"
        arguments = ["--lua-filter=reports/filters/pilotlens.lua", "--metadata=page-banner=SYNTHETIC", "--columns=500"]
        made = pypandoc.convert_text(text, output, "markdown", extra_args=arguments)
        assert "fig-a" in made
        assert "Figure" not in made
        assert ("callout-note" in made) == (output == "html")
        assert ("SYNTHETIC" in made) == (output == "html")
        assert ('class="card"' if output == "html" else "#card(title: [Reach])[") in made
        assert ('class="light green"' if output == "html" else '#light("green")[Go]') in made

    def test_a_path_without_quarto_is_a_fault(
        self, report: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("QUARTO_PATH", str(tmp_path))
        assert "QUARTO_PATH names no quarto program" in faults_of(report("x"))
