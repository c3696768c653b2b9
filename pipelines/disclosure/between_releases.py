"""What may be shown of a finding beside earlier releases of the same site: all of it, what stood before, or less.

All that was ever released of a site is one system: who subtracts one release from the next counts those who came
between them. Where these are few, the figures of before stand again, "as at" the earlier drop, until enough have come;
what cannot stand again is withheld. What tells of few belongs in steps; who counts the same people in held_together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from pipelines.disclosure.policy import Policy
from pipelines.disclosure.published import NOT_PEOPLE, Raw, Release, counts, group, groups
from pipelines.disclosure.steps import few_between, group_tells, moved
from pipelines.findings.models import Change, Disclosed, EffectResult, Finding, Record
from pipelines.protocol.models import Plan

RULE = "difference from an earlier release"
HELD = Change(cell="all figures", rule=RULE, action="held")
WORDS = frozenset({"title", "definition", "tier", "minimum_important_difference", "labels", "unit"})
"""What may be reworded in the protocol without another thing being counted."""
DECLARED = NOT_PEOPLE | {"level", "null", "minimum_important_difference", "red", "green", "alpha", "power", "position"}
"""Numbers that the protocol declares: they are never withheld."""

M = TypeVar("M", bound=Record)


class Past:
    """The earlier releases of a site, against which new figures are held.

    Parameters
    ----------
    releases : in the order in which they were made; none where nothing was released.
    plan : the plan as it is now: of what it counts otherwise than before, the figures are not comparable.
    """

    def __init__(self, releases: Sequence[Release], plan: Plan) -> None:
        self.releases, self._plan = tuple(releases), plan.model_dump(mode="json")
        self._versions: dict[str, list[tuple[Release, Raw]]] = {}
        for release in self.releases:
            for finding_id, raw in release.findings.items():
                self._versions.setdefault(name_of(finding_id), []).append((release, raw))

    def versions(self, finding: Finding) -> list[tuple[Release, Raw]]:
        """Return the earlier versions of a finding that count the same thing and show something, the oldest first."""
        return [(release, raw) for release, raw in self._of(finding) if not _was_withheld(raw)]

    def _of(self, finding: Finding) -> list[tuple[Release, Raw]]:
        known = self._versions.get(name_of(finding.id), ())
        return [(release, raw) for release, raw in known if self._same_thing(finding, release)]

    def of_kind(self, kind: str) -> Iterator[Raw]:
        """Yield the results of every earlier version of a kind of findings."""
        for release in self.releases:
            for raw in release.findings.values():
                if raw["result"]["kind"] == kind:
                    yield raw["result"]

    def standing(self, finding: Finding) -> Finding | None:
        """Return a finding as it was last published, with the drop at which it stands; None where it cannot stand."""
        for release, raw in reversed(self._of(finding)):
            if not self.may_stand(finding, raw):
                return None
            found = _again(finding, raw) if release.may_stand else None
            if found is not None:
                return found
        return None

    def at(self, release: Release, finding: Finding) -> Finding | None:
        """Return a finding as one release published it; None where it did not, or where it cannot stand."""
        raw = next((raw for one, raw in self._of(finding) if one is release), None)
        stands = raw is not None and release.may_stand and self.may_stand(finding, raw)
        return _again(finding, raw) if raw is not None and stands else None

    def holds(self, release: Release, finding: Finding) -> bool:
        """Tell whether a release says anything under a finding's name, be it that it is withheld."""
        return any(one is release for one, _ in self._of(finding))

    def may_stand(self, finding: Finding, raw: Raw) -> bool:
        """Tell whether an earlier version is right as far as one can know.

        From the same data another figure comes only of another protocol or program: then the earlier one was wrong. One
        that was withheld for such a reason stays so, and all before it.
        """
        inputs, now = raw["inputs"], finding.inputs
        same_data = inputs["drop_hash"] == now.drop_hash
        made_otherwise = (inputs["protocol_hash"], inputs["code"]) != (now.protocol_hash, now.code)
        return not _was_withheld(raw) and not (same_data and made_otherwise)

    def same(self, release: Release, part: Sequence[str], key: str) -> bool:
        """Tell whether the protocol of a release declares something as the protocol of now does, but for its words."""
        return bool(_declared(self._plan, part, key) == _declared(release.plan, part, key))

    def _same_thing(self, finding: Finding, release: Release) -> bool:
        """Tell whether the protocol of then counted the same thing under the finding's name."""
        part = _PARTS.get(finding.kind)
        return part is None or self.same(release, part, finding.scope.subject)


_PARTS = {
    "effect": ("outcomes",),
    **dict.fromkeys(("doubts", "take_up", "over_time", "comparison"), ("outcomes",)),
    "dose": ("intervention", "components"),
    "progression": ("progression", "criteria"),
}
"""Where in the protocol stands what a finding of a kind counts."""


def _declared(plan: Raw, part: Sequence[str], key: str) -> Any:
    found: Any = plan
    for name in (*part, key):
        found = found.get(name) if isinstance(found, Mapping) else None
    return {name: value for name, value in found.items() if name not in WORDS} if isinstance(found, Mapping) else found


def name_of(finding_id: str) -> str:
    """Return the name under which versions of a finding are known: an outcome's weight may change."""
    parts = finding_id.split("/")
    return "/".join(parts[:2]) if parts[0] == "effect" else finding_id


def tells(now: Raw, earlier: Sequence[Raw], rules: Policy) -> bool:
    """Tell whether a result, held against every earlier version of it, speaks of few people.

    Parameters
    ----------
    now, earlier : results as JSON. A cell that is equal to an earlier version's of the same place tells nothing new.
    rules : the limits.
    """
    known, sizes = [counts(one) for one in earlier], [groups(one) for one in earlier]
    for place, count in counts(now).items():
        before = [one[place] for one in known if place in one]
        if count not in before and any(few_between(one, count, rules) for one in before):
            return True
    for place, found in groups(now).items():
        versions = [one[place] for one in sizes if place in one]
        if found not in versions and any(group_tells(one, found, rules) for one in versions):
            return True
    return False


def estimate_tells(now: Raw, earlier: Sequence[Raw], rules: Policy, *, same_data: bool = False) -> bool:
    """Tell whether an estimate speaks of few people beside earlier ones; parameters as for `tells`.

    An estimate whose groups show no averages may move by one corrected record, although no count does. From the same
    data it moves only because it is computed otherwise, which tells nothing of a person.
    """
    if tells(now, earlier, rules):
        return True
    if same_data or rules.minimum_count <= 1 or any(now.get("value") == one.get("value") for one in earlier):
        return False
    return any(
        moved(one.get("value"), now.get("value")) and _only_the_estimate_moved(one, now)
        for one in earlier
        if one.get("measure") == now.get("measure")
    )


def _only_the_estimate_moved(earlier: Raw, now: Raw) -> bool:
    arms = [{key: group(arm) for key, arm in result.get("arms", {}).items()} for result in (earlier, now)]
    return arms[0] == arms[1] and all(one.figures == (None, None) for one in arms[1].values())


def as_json(finding: Finding) -> Raw:
    """Return a finding's result as JSON."""
    return finding.result.model_dump(mode="json")


def _again(finding: Finding, raw: Raw) -> Finding | None:
    """Return an earlier version under a finding's name; None where this program cannot read it any more."""
    try:
        earlier = Finding.model_validate(raw)
    except ValidationError:
        return None
    return finding.model_copy(
        update={
            "result": earlier.result,
            "sentence": earlier.sentence,
            "inputs": earlier.inputs,
            "disclosure": noted(earlier.disclosure, HELD, as_at=as_at(raw)),
        }
    )


def _was_withheld(raw: Raw) -> bool:
    """Tell whether an earlier version was withheld whole because of releases before it."""
    return withheld().model_dump() in raw.get("disclosure", {}).get("changes", ())


def as_at(raw: Raw) -> str:
    """Return the drop at which an earlier version of a finding stands."""
    return str(raw.get("disclosure", {}).get("as_at") or raw.get("inputs", {}).get("drop", ""))


def noted(disclosed: Disclosed, *changes: Change, as_at: str = "") -> Disclosed:
    """Return a record of changes with further ones, each once."""
    every = tuple(dict.fromkeys((*disclosed.changes, *changes)))
    return disclosed.model_copy(update={"changes": every, "as_at": as_at or disclosed.as_at})


def withheld(cell: str = "all figures") -> Change:
    """Return the note of a figure that is withheld because of earlier releases."""
    return Change(cell=cell, rule=RULE, action="withheld")


def blank(finding: Finding) -> Finding:
    """Return a finding without any count or figure: what stood before may not stand again, or nothing did."""
    from pipelines.disclosure.effects import withheld_effect

    result = finding.result
    empty = withheld_effect(result) if isinstance(result, EffectResult) else blanked(result)
    return finding.model_copy(update={"result": empty, "disclosure": noted(finding.disclosure, withheld())})


def blanked(record: M) -> M:
    """Return a record in which every count and figure is withheld, those of the records inside it too."""
    return record.model_copy(update={name: _blank(name, getattr(record, name), record) for name in _fields(record)})


def _fields(record: Record) -> Iterator[str]:
    for name, field in type(record).model_fields.items():
        value = getattr(record, name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name not in DECLARED and (not number or type(None) in getattr(field.annotation, "__args__", ())):
            yield name


def _blank(name: str, value: Any, record: Record) -> Any:
    if isinstance(value, Record):
        return blanked(value)
    if isinstance(value, tuple):
        return tuple(blanked(one) if isinstance(one, Record) else one for one in value)
    if isinstance(value, dict):
        return {key: _blank(key, one, record) for key, one in value.items()}
    return None if isinstance(value, int | float) and not isinstance(value, bool) else value
