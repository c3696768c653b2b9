"""What must never leave the evaluation: the identifiers of the synthetic pilot, for tests that scan what leaves."""

from pipelines.demo.truths import TRUTHS, Truths
from pipelines.demo.world import draw_world


def identifiers(truths: Truths = TRUTHS) -> tuple[str, ...]:
    """Return every full name, postcode, case number and date of birth (as each site writes it), sorted."""
    people = draw_world(truths).pooled("people")
    birthdays = people["date_of_birth"]
    found = {*people["full_name"], *people["postcode"], *people["case_number"]}
    return tuple(sorted(found | {*birthdays.dt.strftime("%Y-%m-%d"), *birthdays.dt.strftime("%d/%m/%Y")}))


PLANTED = {
    "name": "Persephone Quillfeather",
    "postcode": "ZZ99 3CZ",
    "date of birth": "1971-03-27",
    "date of birth, as written here": "27/03/1971",
    "health service number": "999 041 7736",
    "case number": "KX-77041-Q",
    "note": "told us of the fire in Larkspur Row",
}
"""One made-up person's particulars, for tests that put them into any place of a file: none may come out again."""
