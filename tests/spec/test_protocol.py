"""The protocol by example: one that is sound, and each way of getting it wrong with the words for an evaluator."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.protocol import Protocol, ProtocolFaults, load, load_text
from pipelines.protocol.date_formats import format_fault, strptime_format
from pipelines.protocol.load import protocol_hash

SOUND = """\
pilot: first
title: First pilot
question: Does it work?
concept:
  name: Fund
dates: {start: 2025-04-07, end: 2026-03-31}
sites:
  north: {title: North, codes: [N]}
  south: {title: South, codes: [S]}
population:
  description: people
  planned_per_site: {north: 50}
intervention:
  name: Fund
  components:
    talks:
      title: Talks
      measure: contacts
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
outcomes:
  housed:
    title: were housed
    type: binary
    better: higher
    value: housed
    minimum_important_difference: 0.1
    due_after_days: 90
covariates:
  age: {title: Age}
adjust_for: [age]
questions:
  main:
    text: Does it?
    expectation: Yes.
    quantitative: [housed]
extracts:
  people:
    noun: cases
    file: cases.csv
    columns:
      person: Case number
      site: Site
      arm: Group
      referral_date: {column: Referred, format: dd/mm/yyyy}
      age: Age
      housed: {column: Housed, codes: {Y: yes, N: no}}
    identifiers:
      name: Name
"""


def changed(old: str, new: str) -> str:
    assert SOUND.count(old) == 1, f"{old!r} stands {SOUND.count(old)} times in the sound protocol"
    return SOUND.replace(old, new)


def faults(text: str) -> list[str]:
    with pytest.raises(ProtocolFaults) as raised:
        load_text(text)
    lines = len(text.splitlines()) or 1
    assert all(0 <= fault.line <= lines for fault in raised.value.faults)
    assert "Traceback" not in str(raised.value)
    assert "pydantic" not in str(raised.value)
    return [fault.spoken("protocol.yml") for fault in raised.value.faults]


def one_fault(text: str) -> str:
    found = faults(text)
    assert len(found) == 1, found
    return found[0]


def test_a_sound_protocol_loads() -> None:
    protocol = load_text(SOUND)
    assert protocol.sites["north"].codes == ("N",)
    assert protocol.dates.start is not None
    assert protocol.dates.start.isoformat() == "2025-04-07"
    assert Protocol.model_validate(protocol.model_dump()) == protocol


# ---- faults of form: one change each, with its line and its remedy --------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: First pilot", "titel: First pilot", ["line 2 (titel)", 'Did you mean "title"?', '"title" is missing']),
        ("  name: Fund\ndates", "  nam: Fund\ndates", ["line 5 (concept.nam)", 'Did you mean "name"?']),
        ("{title: North, codes: [N]}", "{title: North, code: [N]}", ["line 8 (sites.north.code)", '"codes"?']),
        ("    better: higher", "    beter: higher", ["(outcomes.housed.beter)", 'Did you mean "better"?']),
        ("    file: cases.csv", "    files: cases.csv", ["(extracts.people.files)", 'Did you mean "file"?']),
        ("format: dd/mm/yyyy", "formt: dd/mm/yyyy", ["columns.referral_date.formt)", 'Did you mean "format"?']),
        ("      measure: contacts", "      mesure: contacts", ["components.talks.mesure)", 'Did you mean "measure"?']),
        ("{title: Offered, codes: [fund]}", "{title: Offered, code: [fund]}", ["arms.treatment.code)", '"codes"']),
        ("      age: Age", "      aeg: Age", ["columns.aeg)", 'Did you mean "age"?', "no column is mapped"]),
        ("    type: binary", "    type: binry", ["this value is not known here", 'Did you mean "binary"?']),
        ("    text: Does it?\n", "", ['the key "text" is missing. It says: The question.', "line 34"]),
        ("minimum_important_difference: 0.1", "minimum_important_difference: ten", ["this should be a number"]),
        ("minimum_important_difference: 0.1", "minimum_important_difference: .nan", ["this should be a"]),
        ("minimum_important_difference: 0.1", "minimum_important_difference: 5%", ["0.05"]),
        ("due_after_days: 90", "due_after_days: 90.5", ["this should be a whole number"]),
        ("due_after_days: 90", "due_after_days: -1", ["this should be more than 0"]),
        ("adjust_for: [age]", "adjust_for: age", ["line 32 (adjust_for)", "this should be a list"]),
        ("concept:\n  name: Fund", "concept: Fund", ["line 4 (concept): this should be a mapping of keys to values"]),
        ("population:\n  description: people\n  planned_per_site: {north: 50}", "population:", ["population"]),
        ("title: First pilot", "title:", ['the key "title" is missing', "line 2"]),
        ("title: First pilot", 'title: "  "', ["nothing is written here", "line 2"]),
        ("title: First pilot", "title: [a, b]", ["this should be text", "line 2"]),
        ("  north: {title: North", "  North: {title: North", ["a key is lower case letters", "line 8"]),
        ("  north: {title: North", "  1: {title: North", ["a key is lower case letters", "line 8"]),
        ("  north: {title: North, codes: [N]}", "  north:", ["line 8 (sites.north): nothing is written here"]),
        ("start: 2025-04-07", "start: 2025", ["yyyy-mm-dd", "line 6 (dates.start)"]),
        ("start: 2025-04-07", "start: 07/04/2025", ["yyyy-mm-dd"]),
        ("start: 2025-04-07", "start: 2025-02-30", ["line 6 (dates.start): there is no such day", "yyyy-mm-dd"]),
        ("title: First pilot", 'title: "First pilot', ["line 2: a quotation mark opens here and is not closed"]),
        ("description: people", "description: who: people", ["a colon stands where no key can be", "needs quotation"]),
        ("codes: [usual]}", "codes: [usual}", ["a comma or a closing bracket is missing here or above"]),
        ("codes: [usual]}", "codes: [usual]", ["a comma or a closing bracket is missing here or above"]),
        ("  south: {title", "    south: {title", ["line 9: this is not YAML: the line does not fit"]),
        ("  name: Fund\ndates", "\tname: Fund\ndates", ["line 5: this is not YAML: a tab stands"]),
        ("planned_per_site: {north: 50}", "planned_per_site: {nort: 50}", ['Did you mean "north"?']),
        ("planned_per_site: {north: 50}", "planned_per_site: {north: true}", ["this should be a whole number"]),
        ("quantitative: [housed]", "quantitative: [house]", ['there is no such outcome. Did you mean "housed"?']),
        ("adjust_for: [age]", "adjust_for: [aged]", ['there is no such covariate. Did you mean "age"?']),
        ("measure: contacts", "measure: contact", ['this measure is not known. Did you mean "contacts"?']),
        ("    noun: cases\n", "    noun: cases\n    sites: [noth]\n", ['there is no such site. Did you mean "north"?']),
        ("      site: Site\n", "", ["several sites cannot be told apart"]),
        ("      person: Case number\n", "", ['cases need the field "person"']),
        ("      housed: {column: Housed, codes: {Y: yes, N: no}}\n", "", ['no column is mapped to "housed"']),
        ("codes: [usual]", "codes: [FUND]", ["one of its codes also means treatment"]),
        ("codes: [S]", "codes: [n]", ["one of its codes also means north"]),
        ("codes: [usual]", "codes: []", ["nothing is listed here"]),
        ("codes: [usual]", 'codes: [" "]', ["a code cannot be blank"]),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_its_remedy(old: str, new: str, said: list[str]) -> None:
    found = "\n".join(faults(changed(old, new)))
    assert [words for words in said if words not in found] == [], found


def test_all_faults_are_told_at_once() -> None:
    text = changed("title: First pilot", "titel: First pilot").replace("type: binary", "type: binry")
    text = text.replace("[housed]", "[house]").replace("{start: 2025-04-07", "{start: 2027-04-07")
    text = text.replace("adjust_for: [age]", "adjust_for: [age]\nadjust_for: [age]")
    found = "\n".join(faults(text))
    for words in ("titel", '"title" is missing', "binary", "no such outcome", "ends before", "second time"):
        assert words in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a protocol is a mapping"),
        ("\ufeff", "a protocol is a mapping"),
        ("# only a comment\n", "a protocol is a mapping"),
        ("- a\n- b\n", "a protocol is a mapping"),
        ("just words", "a protocol is a mapping"),
        ("pilot: [", "not YAML"),
        ("pilot: first\n\ttitle: x\n", "a tab stands where only spaces may"),
        ("pilot: first\n\x00title: x\n", "line 2: this is not YAML: a character that cannot be read"),
        ('pilot: "\\UFFFFFFFF"', "not YAML"),
        ("pilot: first\ntitle: *.csv\n", "line 2: a word that begins with * stands in quotation marks"),
        ("pilot: first\n---\npilot: second\n", "a second document begins here"),
        ("? [a, b]\n: c\n", "a key is a word"),
        ("a: &a {b: *a}\n", "lead into themselves"),
        ("[" * 5000, "nested too deeply"),
        ("x" * 3_000_000, "too large"),
        ("pilot: first\ntitle: 'open\n", "not YAML"),
    ],
)
def test_what_is_no_protocol_is_said_so(text: str, said: str) -> None:
    assert said in "\n".join(faults(text))


def test_aliases_that_would_fill_the_machine_are_refused() -> None:
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    assert "lead into themselves or into too much" in one_fault("\n".join(["a0: &a0 [lol]", *levels]))


def test_an_alias_and_a_merge_say_the_same_again() -> None:
    again = changed("    noun: cases\n", "    noun: cases\n    sites: [north]\n").replace(
        "columns:", "columns: &same", 1
    )
    again += "  more:\n    noun: cases\n    file: more.csv\n    sites: [south]\n    columns: *same\n"
    assert load_text(again).extracts["more"].columns == load_text(again).extracts["people"].columns
    merged = again.replace("columns: *same", "columns:\n      <<: *same\n      age: Age in years")
    assert load_text(merged).extracts["more"].columns["age"].column == "Age in years"
    assert load_text(merged).extracts["more"].columns["person"].column == "Case number"


def test_a_key_that_stands_twice_is_named_with_both_lines() -> None:
    found = one_fault(changed("question: Does it work?", "question: Does it work?\ntitle: Again"))
    assert "line 4 (title)" in found
    assert "the first is in line 2" in found


def test_a_merge_of_words_is_a_fault() -> None:
    assert "only a mapping can be merged" in "\n".join(
        faults(changed("  name: Fund\ndates", "  <<: x\n  name: Fund\ndates"))
    )


# ---- codes are the text that the author wrote -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        *("01", "1_000", "NO", "yes", "on", "true", "TRUE", "012", "0o14", "0x1F", "1e3", "1.0", "1.10", "null", "~"),
        *(".inf", "2026-01-05", "12:30:45", "-0", "+5", "'01'", '"null"'),
    ],
)
def test_a_code_stays_as_written(code: str) -> None:
    written = code.strip("'\"")
    text = changed("codes: [fund]", f"codes: [{code}]")
    text = text.replace("{Y: yes, N: no}", f"{{{code}: yes, other: no}}, missing: [unknown, {code}]")
    protocol = load_text(text)
    assert protocol.arms is not None
    assert protocol.arms.treatment.codes == (written,)
    assert list(protocol.extracts["people"].columns["housed"].codes) == [written, "other"]
    assert protocol.extracts["people"].columns["housed"].missing == ("unknown", written)


def test_codes_that_yaml_would_make_equal_are_different() -> None:
    protocol = load_text(changed("codes: [N]", "codes: [1, 01, 1.0, NO, null]"))
    assert protocol.sites["north"].codes == ("1", "01", "1.0", "NO", "null")


def test_keys_that_yaml_reads_as_other_things_are_words() -> None:
    protocol = load_text(changed("{Y: yes, N: no}", "{true: yes, 1: yes, null: no, NO: no, 0: no}"))
    assert list(protocol.extracts["people"].columns["housed"].codes) == ["true", "1", "null", "NO", "0"]


def test_nothing_written_is_the_default() -> None:
    text = changed("dates: {start: 2025-04-07, end: 2026-03-31}", "dates:\ncontact: null\nsources: ~")
    assert load_text(text).dates.start is None
    assert load_text(text).contact == ""


# ---- faults of meaning -----------------------------------------------------------------------------------------------


CODED = "extracts:\n  said: {noun: interviews, file: x.sqlite3, coded: {CODED}}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("end: 2026-03-31", "end: 2025-03-31", "the pilot ends before it starts"),
        ("difference: 0.1", "difference: 10", "Five points are 0.05. Did you mean 0.1?"),
        ("pilot: first", "pilot: first\ncontinues: [first]", "cannot continue itself"),
        ("pilot: first", "pilot: first\nconfidence_level: 95", "less than 1. A share of 95% is written 0.95."),
        ("pilot: first", "pilot: first\nlimits: {missing_outcome: 20}", "at most 1. A share of 95%"),
        ("      referral_date: {column: Referred, format: dd/mm/yyyy}\n", "", "there is no date to count from"),
        ("value: housed", "value: arm", '"arm" has a meaning of its own'),
        ("  age: {title: Age}", "  site: {title: Site}\n  age: {title: Age}", '"site" has a meaning of its own'),
        ("  age: {title: Age}", "  row_key: {title: x}\n  age: {title: Age}", '"row_key" has a meaning of its own'),
        (
            "  age: {title: Age}",
            "  housed: {title: x}\n  age: {title: Age}",
            "the outcome housed is made from this field",
        ),
        ("measure: contacts", "measure: cases.start_date", "has a meaning of its own"),
        ("file: cases.csv", "file: ../cases.csv", "a file lies inside the drop"),
        ("file: cases.csv", "file: /etc/cases.csv", "a file lies inside the drop"),
        ("file: cases.csv", "file: a\\cases.csv", "a file lies inside the drop"),
        ("file: cases.csv", "file: C:cases.csv", "a file lies inside the drop"),
        ("file: cases.csv", 'file: "{Site}.csv"', "{Site} is not replaced by anything"),
        ("file: cases.csv", "file: cases.docx", "files of this kind are not read here"),
        ("file: cases.csv", "file: cases.csv\n    coded: {format: atlas}", "cases are not coded"),
        ("extracts:", CODED.replace("CODED", "coders: {ann: researcher, Ann: researcher}"), "listed twice"),
        ("extracts:", CODED.replace("CODED", "coders: {ann: boss}"), "Allowed: peer_researcher, practitioner"),
        ("extracts:", CODED.replace("CODED", "format: atlas.ti"), 'Did you mean "atlas"?'),
        ("extracts:", CODED.replace("CODED", "format: atlas, project: x"), "only a Taguette database holds several"),
        ("extracts:", CODED.replace("CODED", "documents: ../x.csv"), "a file lies inside the drop"),
        ("extracts:", CODED.replace("sqlite3, coded: {CODED}", "xlsx, sheet: One"), "this would not be looked at"),
        ("file: cases.csv", "file: cases.csv\n    encoding: utf8x", "there is no such encoding"),
        ("file: cases.csv", "file: cases.csv\n    encoding: rot13", "there is no such encoding"),
        ("file: cases.csv", "file: cases.csv\n    encoding: base64", "there is no such encoding"),
        ("file: cases.csv", "file: cases.csv\n    delimiter: x", "this character cannot stand between columns"),
        ("file: cases.csv", "file: cases.csv\n    delimiter: '\\t'", "this is too long"),
        ("      name: Name", "      name: Name\n      full_name: Name", "is already locked away as name"),
        ("      name: Name", "      name: Age", 'the column "Age" is also mapped to age'),
        ("format: dd/mm/yyyy", "format: day first", "this is not a format of dates"),
        ("format: dd/mm/yyyy", "format: '%d/%m/%Q'", "this is not a format of dates"),
        ("format: dd/mm/yyyy", "format: dd/mm", "a date needs its year exactly once"),
        ("      age: Age", "      age: {column: Age, format: dd/mm/yyyy}", "only a date has a format"),
        ("format: dd/mm/yyyy", "codes: {a: b}", "a date has no codes"),
        ("{Y: yes, N: no}", "{Y: perhaps, N: no}", "this meaning is not known here"),
        ("{Y: yes, N: no}", "{Y: yes, y: no}", "listed with another meaning too"),
        ("      arm: Group", "      arm: {column: Group, codes: {X: found}}", 'Did you mean "fund"?'),
        ("      site: Site", "      site: {column: Site, codes: {X: Q}}", "this meaning is not known here"),
    ],
)
def test_what_could_not_be_carried_out_is_refused(old: str, new: str, said: str) -> None:
    assert said in "\n".join(faults(changed(old, new)))


def test_two_extracts_of_the_same_rows_are_refused() -> None:
    twice = SOUND + SOUND[SOUND.index("  people:\n") :].replace("  people:", "  again:", 1)
    assert "every row would count twice" in one_fault(twice)


def test_one_column_may_serve_two_fields() -> None:
    two = changed("      age: Age", "      age: Age\n      years: Age").replace(
        "  age: {title: Age}", "  age: {title: Age}\n  years: {title: Years}"
    )
    assert load_text(two).extracts["people"].columns["years"].column == "Age"


@pytest.mark.parametrize(
    ("declared", "read"),
    [
        ("", "%Y-%m-%d"),
        ("dd/mm/yyyy", "%d/%m/%Y"),
        ("d/m/yyyy", "%d/%m/%Y"),
        ("DD.MM.YY", "%d.%m.%y"),
        ("dd mmm yyyy", "%d %b %Y"),
        ("d mmmm yyyy", "%d %B %Y"),
        ("dd/mm/yyyy hh:mm", "%d/%m/%Y %H:%M"),
        ("yyyy-mm-ddThh:mm:ss", "%Y-%m-%dT%H:%M:%S"),
        ("%d/%m/%Y", "%d/%m/%Y"),
    ],
)
def test_date_formats_as_people_write_them(declared: str, read: str) -> None:
    assert strptime_format(declared) == read
    assert not format_fault(declared)


# ---- files ----------------------------------------------------------------------------------------------------------


def test_the_folder_and_the_pilot_have_one_name(tmp_path: Path) -> None:
    path = tmp_path / "pilots" / "other" / "protocol.yml"
    path.parent.mkdir(parents=True)
    path.write_text(SOUND, encoding="utf-8")
    with pytest.raises(ProtocolFaults, match=r'line 1 \(pilot\): the folder is called "other"'):
        load(path)


def test_a_missing_file_and_a_folder_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(ProtocolFaults, match="there is no such file"):
        load(tmp_path / "protocol.yml")
    with pytest.raises(ProtocolFaults, match="there is no such file"):
        load(tmp_path)


def test_bytes_that_are_not_utf8_are_found_by_line(tmp_path: Path) -> None:
    path = tmp_path / "protocol.yml"
    path.write_bytes(SOUND.replace("First pilot", "Café").encode("latin-1"))
    with pytest.raises(ProtocolFaults, match=r"protocol\.yml, line 2: this line is not UTF-8") as raised:
        load(path)
    assert raised.value.__context__ is None


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends_do_not_matter(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "protocol.yml"
    path.write_bytes(SOUND.replace("\n", ending).encode("utf-8-sig"))
    assert load(path) == load_text(SOUND)


def test_the_hash_is_of_the_meaning() -> None:
    assert protocol_hash(load_text(SOUND + "# a comment\n")) == protocol_hash(load_text(SOUND))
    assert protocol_hash(load_text(changed("better: higher", "better: lower"))) != protocol_hash(load_text(SOUND))


def test_the_plan_has_everything_but_the_extracts() -> None:
    protocol = load_text(SOUND)
    assert protocol.plan().model_dump() == protocol.model_dump(exclude={"extracts"})


@pytest.mark.parametrize(
    ("kind", "better", "fault"), [("time_to_event", "lower", True), ("time_to_event", "later", False)]
)
def test_a_time_to_an_event_is_better_later_or_sooner(kind: str, better: str, fault: bool) -> None:
    """`lower` could mean fewer events or earlier ones; read the wrong way round, a good result prints as a bad one."""
    text = changed("type: binary", f"type: {kind}").replace("better: higher", f"better: {better}")
    text = text.replace("    value: housed\n", "    time: housed\n    event: housed\n    horizon: 52\n")
    if fault:
        with pytest.raises(ProtocolFaults, match="later, or sooner"):
            load_text(text)
    else:
        assert next(iter(load_text(text).outcomes.values())).good_direction == "higher"
