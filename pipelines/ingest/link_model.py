"""The model of linkage by likeness (Fellegi & Sunter 1969), fitted by splink: the only module that imports it.

How often two people agree by chance (u) is counted among pairs of different people of the case file, where no pair is a
match; how often two records of one person agree (m) is estimated by expectation maximisation. Reading the records
belongs in link_records, what follows for rows in link_rows.

References
----------
Fellegi & Sunter 1969, A Theory for Record Linkage; Linacre et al. 2022, Splink, IJPDS 7(3).
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeVar

from pipelines.ingest.link_levels import LEVELS, comparison
from pipelines.protocol.link import Link
from pipelines.refusal import Refusal

SEED = 20260101
U_PAIRS = 2_000_000
"""Pairs of people of the case file that are drawn to count agreement by chance."""
MOST_PAIRS = 1_000_000
PAIRS_EACH = 25
"""Pairs that one blocking rule may bring together, at least and a record; else two identifiers must agree."""
FEWEST_PEOPLE = 100
FEWEST_AGREEING = 30
"""Pairs that agree in two identifiers: with fewer there is nothing to learn from."""
RECALL = 0.8
"""Share of matches that agree in two identifiers to the letter; as splink's authors advise, it need not be exact."""
T = TypeVar("T")


@dataclass(frozen=True)
class Level:
    """One way in which two records may agree in an identifier."""

    kind: str
    label: str
    m: float
    """Share of pairs of one person that agree so."""
    u: float
    """Share of pairs of two people that agree so."""

    @property
    def weight(self) -> float:
        """Match weight in bits: how much it speaks for one person."""
        return math.log2(self.m / self.u)


@dataclass(frozen=True)
class Model:
    """What was learnt; it speaks of no person."""

    prior: float
    """Probability that a row and a person drawn at random belong together."""
    levels: tuple[Level, ...]

    @property
    def start(self) -> float:
        """Match weight before anything is compared."""
        return math.log2(self.prior / (1 - self.prior))


def insist_on_splink() -> None:
    """Refuse where the extra is not installed."""
    try:
        import splink  # noqa: F401
    except ImportError:
        there = False
    else:
        there = True
    if not there:
        raise Refusal(
            "The protocol asks for linkage by likeness, which needs the package splink.",
            "Install the extra `linkage`: pip install 'pilotlens[linkage]'.",
        )


def fit(connection: Any, link: Link) -> Model:
    """Learn from `case_records` and `row_records` how much each agreement says.

    Raises
    ------
    Refusal
        When there are too few people, an identifier says nothing, or the two files hardly agree.
    """
    _refuse_too_little(connection, link)
    return _quietly(lambda: _fitted(connection, link))


def score(connection: Any, link: Link, model: Model, least: float) -> None:
    """Make `scored`: match weight and probability of each row record and person, where it reaches the least asked."""
    _quietly(lambda: _scored(connection, link, model, least))


def _quietly(work: Callable[[], T]) -> T:
    """Let splink say nothing: its messages and exceptions hold SQL, and may hold values."""
    import duckdb

    with _silence():
        try:
            return work()
        except (Refusal, duckdb.Error):
            raise
        except Exception:  # of splink, of whatever kind
            failure = Refusal(
                "Linking by likeness: the model could not be fitted to these files.",
                "Compare other identifiers, or ask the provider for the person's number. The earlier results stand.",
            )
    raise failure


@contextmanager
def _silence() -> Iterator[None]:
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _refuse_too_little(connection: Any, link: Link) -> None:
    people, rows = connection.execute(
        "SELECT (SELECT count(DISTINCT person_key) FROM case_people), (SELECT count(*) FROM row_records)"
    ).fetchone()
    if min(people, rows) < FEWEST_PEOPLE:
        raise Refusal(
            f"Linking by likeness cannot be learnt from fewer than {FEWEST_PEOPLE} people in either file.",
            "Ask the provider for the person's number. The earlier results stand.",
        )
    for index, kind in enumerate(link.on):
        for table, file in (("case_records", "the case file"), ("row_records", "the other file")):
            if connection.execute(f"SELECT count(DISTINCT k{index}) FROM {table}").fetchone()[0] < 2:
                raise Refusal(
                    f'Linking by likeness: the identifier "{kind}" has no two different values in {file}.',
                    "Leave it out under link, or compare another one. The earlier results stand.",
                )


def _fitted(connection: Any, link: Link) -> Model:
    connection.execute(
        "CREATE OR REPLACE TABLE one_each AS SELECT r.* FROM case_records r JOIN case_people p USING (unique_id) "
        "QUALIFY row_number() OVER (PARTITION BY person_key ORDER BY unique_id) = 1 ORDER BY unique_id"
    )
    comparisons = _by_chance(connection, link)
    linker = _linker(connection, ["case_records", "row_records"], comparisons)
    linker.training.estimate_probability_two_random_records_match(_certain(link), recall=RECALL)
    prior = linker.misc.save_model_to_json()["probability_two_random_records_match"]
    total = connection.execute(
        "SELECT (SELECT count(*) FROM case_records) * (SELECT count(*) FROM row_records)"
    ).fetchone()[0]
    if prior * total * RECALL < FEWEST_AGREEING:
        raise Refusal(
            f"Linking by likeness: fewer than {FEWEST_AGREEING} records of the two files agree in two identifiers.",
            "Is it the right file, and are the columns the right ones? The earlier results stand.",
        )
    for rule in _training_rules(connection, link):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    levels = tuple(_learnt(linker.misc.save_model_to_json()["comparisons"], link, 0.5 / (prior * total)))
    _refuse_nonsense(levels)
    return Model(prior, levels)


def _linker(connection: Any, tables: Sequence[str], comparisons: list[dict[str, Any]], **more: Any) -> Any:
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(connection)
    settings = {
        "link_type": "link_only" if len(tables) > 1 else "dedupe_only",
        "comparisons": comparisons,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "em_convergence": 1e-5,
        "max_iterations": 100,
        "blocking_rules_to_generate_predictions": [],
        **more,
    }
    given = [api.register(table) for table in tables]
    return Linker(given if len(given) > 1 else given[0], settings, log_level=None)


def _by_chance(connection: Any, link: Link) -> list[dict[str, Any]]:
    """Return the comparisons with the share of pairs of two people that agree at each level."""
    linker = _linker(connection, ["one_each"], [comparison(i, how) for i, how in enumerate(link.on.values())])
    linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS, seed=SEED, min_count_per_level=None)
    people = connection.execute("SELECT count(*) FROM one_each").fetchone()[0]
    least = 3 / min(people * (people - 1) / 2, U_PAIRS)
    found = linker.misc.save_model_to_json()["comparisons"]
    return [comparison(i, how, u=_shares(found[i], "u_probability", least)) for i, how in enumerate(link.on.values())]


def _shares(found: dict[str, Any], key: str, least: float) -> list[float]:
    """Return the shares of the levels of a comparison; none is 0, for what was never seen is not impossible."""
    given = [level.get(key) for level in found["comparison_levels"] if not level.get("is_null_level")]
    seen = [max(share if isinstance(share, float) else 0.0, least) for share in given]
    return [share / sum(seen) for share in seen]


def _certain(link: Link) -> list[str]:
    """Return rules that hardly any two people meet: two identifiers agree to the letter, and not both are names."""
    hows = list(link.on.values())
    pairs = [(i, j) for i, j in combinations(range(len(hows)), 2) if not hows[i] == hows[j] == "name"]
    telling = [pair for pair in pairs if "exact" not in (hows[pair[0]], hows[pair[1]])]
    return [f"l.k{i} = r.k{i} AND l.k{j} = r.k{j}" for i, j in telling or pairs]


def _training_rules(connection: Any, link: Link) -> list[str]:
    """Return the two identifiers that bring the fewest pairs together: what one holds equal, the other lets vary."""
    counted = sorted((_pairs(connection, (i,)), i) for i in range(len(link.on)))
    return [f"l.k{i} = r.k{i}" for _, i in counted[:2]]


def _pairs(connection: Any, columns: Sequence[int]) -> int:
    """Count the pairs that agree in some identifiers."""
    keys = ", ".join(f"k{i}" for i in columns)
    groups = [f"SELECT {keys}, count(*) AS n FROM {table} GROUP BY ALL" for table in ("case_records", "row_records")]
    query = f"SELECT coalesce(sum(a.n * b.n), 0)::BIGINT FROM ({groups[0]}) a JOIN ({groups[1]}) b USING ({keys})"
    return int(connection.execute(query).fetchone()[0])


def _learnt(found: list[dict[str, Any]], link: Link, least: float) -> Iterator[Level]:
    for comparison_found, (kind, how) in zip(found, link.on.items(), strict=True):
        m, u = (
            _shares(comparison_found, key, floor) for key, floor in (("m_probability", least), ("u_probability", 0.0))
        )
        for way, m_share, ratio in zip(LEVELS[how], m, _falling(m, u), strict=True):
            yield Level(kind, way.label, m_share, m_share / ratio)


def _falling(m: Sequence[float], u: Sequence[float]) -> list[float]:
    """Return m / u of each level, neighbours taken together where the weaker agreement would say more.

    A level that was hardly ever seen could else speak louder than the same value does (pooling of adjacent violators).
    """
    pools: list[tuple[float, float, int]] = []
    for m_share, u_share in zip(m, u, strict=True):
        pools.append((m_share, u_share, 1))
        while len(pools) > 1 and pools[-1][0] * pools[-2][1] > pools[-2][0] * pools[-1][1]:
            later, earlier = pools.pop(), pools.pop()
            pools.append((earlier[0] + later[0], earlier[1] + later[1], earlier[2] + later[2]))
    return [pooled_m / pooled_u for pooled_m, pooled_u, count in pools for _ in range(count)]


def _refuse_nonsense(levels: Sequence[Level]) -> None:
    """Where agreement does not speak for a match, or disagreement not against it, nothing was learnt."""
    for kind in dict.fromkeys(level.kind for level in levels):
        own = [level for level in levels if level.kind == kind]
        if not own[0].weight > 0 > own[-1].weight:
            raise Refusal(
                f'Linking by likeness: whether "{kind}" agrees says nothing about whose a row is in these files.',
                "Leave it out under link, or compare another one. The earlier results stand.",
            )


def _scored(connection: Any, link: Link, model: Model, least: float) -> None:
    comparisons = []
    for index, (kind, how) in enumerate(link.on.items()):
        own = [level for level in model.levels if level.kind == kind]
        comparisons.append(comparison(index, how, m=[level.m for level in own], u=[level.u for level in own]))
    linker = _linker(
        connection,
        ["case_records", "row_records"],
        comparisons,
        probability_two_random_records_match=model.prior,
        blocking_rules_to_generate_predictions=_blocking(connection, link),
    )
    found = linker.inference.predict(threshold_match_probability=least).physical_name
    sides = ("unique_id_l", "unique_id_r")
    case, row = (
        f"CASE WHEN starts_with({sides[0]}, '{letter}') THEN {sides[0]} ELSE {sides[1]} END" for letter in "cr"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE scored AS SELECT s.row_record, c.person_key, max(s.probability) AS probability, "
        f"round(max(s.weight), 2) AS weight FROM (SELECT {row} AS row_record, {case} AS case_record, "
        f"match_probability AS probability, match_weight AS weight FROM {found}) s "
        "JOIN case_people c ON c.unique_id = s.case_record GROUP BY ALL"
    )


def _blocking(connection: Any, link: Link) -> list[str]:
    """Return which records are held against each other: those that agree in one identifier, or, if common, in two."""
    records = sum(
        connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("case_records", "row_records")
    )
    most = max(MOST_PAIRS, PAIRS_EACH * records)
    alone = [i for i in range(len(link.on)) if _pairs(connection, (i,)) <= most]
    common = [i for i in range(len(link.on)) if i not in alone]
    together = [pair for pair in combinations(common, 2) if _pairs(connection, pair) <= most]
    return [f"l.k{i} = r.k{i}" for i in alone] + [f"l.k{i} = r.k{i} AND l.k{j} = r.k{j}" for i, j in together]
