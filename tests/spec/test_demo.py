"""The demonstration pilots: published data unchanged, a synthetic pilot true to its truths, nothing overwritten."""

import csv
import hashlib
import io
import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_rossi
from openpyxl import load_workbook

from pipelines.demo import PILOTS, create
from pipelines.demo.create import DATA, PUBLISHED_DROP, pilot_files
from pipelines.demo.drops import known_on, with_mistakes
from pipelines.demo.frame import FRAME
from pipelines.demo.people import draw_people
from pipelines.demo.truths import (
    FIRST_DROP,
    HORIZON_DAYS,
    PLANNED_CONVERSATIONS,
    SECOND_DROP,
    SPENDING_CAP,
    TRUTHS,
)
from pipelines.demo.world import corrections, draw_world, drop_files
from pipelines.protocol import load

DROPS = (FIRST_DROP, SECOND_DROP)


@pytest.fixture(scope="module")
def world():
    return draw_world()


# Published data


def published(pilot, name):
    return pd.read_csv(io.BytesIO(pilot_files(pilot)[f"{PUBLISHED_DROP}/{name}"]))


def test_rossi_is_the_packaged_file_with_made_up_ids():
    life = published("transitional-aid", "life.csv")
    assert list(life["id"][[0, 431]]) == ["LIFE-001", "LIFE-432"]
    pd.testing.assert_frame_equal(life.drop(columns="id"), load_rossi())


def test_rossi_has_48_of_216_arrested_with_aid_and_66_of_216_without():
    life = published("transitional-aid", "life.csv")
    table = life.groupby("fin")["arrest"].agg(["sum", "size"])
    assert table.loc[1].tolist() == [48, 216]
    assert table.loc[0].tolist() == [66, 216]


def test_uis_has_575_rows_and_the_known_relapses_by_day_180():
    uis = published("residential-treatment", "uis.csv")
    relapsed = (uis["censor"] == 1) & (uis["time"] <= 180)
    table = relapsed.groupby([uis["site"], uis["treat"]]).agg(["sum", "size"])
    assert len(uis) == 575
    assert uis["id"].is_unique
    assert {key: tuple(row) for key, row in zip(table.index, table.to_numpy(), strict=True)} == {
        ("A", 0): (126, 198),
        ("A", 1): (91, 202),
        ("B", 0): (43, 91),
        ("B", 1): (38, 84),
    }


def test_uis_share_of_the_planned_stay_uses_the_published_plans_and_not_frac():
    uis = published("residential-treatment", "uis.csv")
    plans = uis.groupby(["site", "treat"])["planned_days"].unique().map(list).to_dict()
    assert plans == {("A", 0): [90], ("A", 1): [180], ("B", 0): [180], ("B", 1): [360]}
    assert np.allclose(uis["planned_share"], uis["len_t"] / uis["planned_days"], atol=5e-5)
    assert np.allclose(uis["frac"], uis["len_t"] / np.where(uis["treat"] == 1, 180, 90), atol=5e-5)


def test_uis_followed_everybody_past_the_horizon_of_the_protocol():
    uis = published("residential-treatment", "uis.csv")
    horizon = load(DATA / "residential-treatment" / "protocol.yml").outcomes["time_to_relapse"].horizon
    assert uis.loc[uis["censor"] == 0, "time"].min() > horizon


# Protocols


@pytest.mark.parametrize("pilot", PILOTS)
def test_protocol_is_valid(pilot):
    protocol = load(DATA / pilot / "protocol.yml")
    assert protocol.pilot == pilot
    assert protocol.cannot_say


def test_only_the_made_up_pilot_says_that_it_is_synthetic():
    assert {pilot: load(DATA / pilot / "protocol.yml").synthetic for pilot in PILOTS} == {
        "transitional-aid": False,
        "residential-treatment": False,
        "personal-fund": True,
    }


@pytest.mark.parametrize("pilot", PILOTS)
def test_every_column_of_the_protocol_stands_in_every_drop(pilot):
    files = pilot_files(pilot)
    protocol = load(DATA / pilot / "protocol.yml")
    drops = {name.rsplit("/", 1)[0] for name in files if name.startswith("drops/")}
    for drop in drops:
        for extract in (e for e in protocol.extracts.values() if e.noun != "interviews"):
            wanted = {column.column for column in extract.columns.values()} | set(extract.identifiers.values())
            assert wanted <= set(rows_of(files[f"{drop}/{extract.file}"], extract)[0])


def test_questions_name_codes_of_the_frame():
    questions = load(DATA / "personal-fund" / "protocol.yml").questions.values()
    named = {code for question in questions for code in (*question.supporting, *question.countering)}
    assert named <= {code.name for code in FRAME}


def rows_of(content, extract):
    if extract.file.endswith(".xlsx"):
        page = load_workbook(io.BytesIO(content), read_only=False)[extract.sheet]
        return [list(row) for row in page.iter_rows(values_only=True)]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=extract.delimiter or ","))


# Truths


@pytest.mark.parametrize("site", TRUTHS.sites, ids=lambda site: site.site)
@pytest.mark.parametrize("outcome", ["eet", "housing_days", "reconvicted"])
def test_true_effects_come_back_from_a_large_draw(site, outcome):
    people = draw_people(TRUTHS, site, 60_000).dropna(subset=["arm"])
    fund, usual = (people.loc[people["arm"] == arm, outcome].astype(float) for arm in ("fund", "usual"))
    error = np.sqrt(fund.var() / len(fund) + usual.var() / len(usual))
    assert abs(fund.mean() - usual.mean() - site.effect_of_offer(outcome)) < 4 * error


@pytest.mark.parametrize("site", TRUTHS.sites, ids=lambda site: site.site)
def test_people_who_are_found_at_six_months_show_the_same_effect(site):
    people = draw_people(TRUTHS, site, 60_000)
    seen = known_on(people, SECOND_DROP.replace(year=2030))
    seen = seen[seen["eet_seen"].isin(["yes", "no"])]
    share = (seen["eet_seen"] == "yes").groupby(seen["arm"]).agg(["mean", "var", "size"])
    error = np.sqrt((share["var"] / share["size"]).sum())
    assert abs(share["mean"]["fund"] - share["mean"]["usual"] - site.effect_of_offer("eet")) < 4 * error


@pytest.mark.parametrize("site", TRUTHS.sites, ids=lambda site: site.site)
def test_take_up_attendance_and_missingness_come_back(site):
    people = draw_people(TRUTHS, site, 60_000)
    fund = people[people["arm"] == "fund"]
    assert fund["used"].mean() == pytest.approx(site.uptake_fund, abs=0.01)
    assert fund["eet_missing"].mean() == pytest.approx(site.eet_missing_fund, abs=0.01)
    assert people["may_quote"].mean() == pytest.approx(TRUTHS.may_quote, abs=0.01)
    assert people["arm"].notna().mean() == pytest.approx(site.started, abs=0.01)


def test_another_truth_gives_another_pilot():
    site = replace(TRUTHS.sites[0], uptake_fund=0.0)
    truths = replace(TRUTHS, sites=(site, *TRUTHS.sites[1:]))
    assert not draw_people(truths, site).loc[lambda p: p["arm"] == "fund", "used"].any()


# People and their records


def test_arms_are_balanced_and_ages_fit_dates_of_birth(world):
    for site in world.sites:
        people = site.people
        arms = people["arm"].value_counts()
        assert abs(arms["fund"] - arms["usual"]) <= 2
        birthdays = people["referral"].dt.year - people["date_of_birth"].dt.year
        had_it = people["referral"].dt.strftime("%m%d") >= people["date_of_birth"].dt.strftime("%m%d")
        assert (birthdays - ~had_it == people["age"]).all()


def test_case_numbers_and_names_are_nobodys_twice(world):
    people = world.pooled("people")
    assert people["case_number"].is_unique
    assert not people.duplicated(["site", "full_name"]).any()


def test_nobody_spends_past_the_cap_and_nobody_has_more_conversations_than_offered(world):
    assert world.pooled("spending").groupby("case_number")["amount_gbp"].sum().max() <= SPENDING_CAP
    assert world.pooled("contacts").groupby("case_number").size().max() <= PLANNED_CONVERSATIONS


def test_outcomes_stay_blank_until_the_horizon_has_passed(world):
    for day in DROPS:
        known = known_on(world.pooled("people"), day)
        young = ~(known["start"] + pd.Timedelta(days=HORIZON_DAYS) <= pd.Timestamp(day))
        assert (known.loc[young, "eet_seen"] == "").all()
        assert known.loc[young, ["housing_seen", "reconvicted_seen"]].isna().all(axis=None)


def test_reconvictions_need_consent_to_link(world):
    known = known_on(world.pooled("people"), SECOND_DROP)
    assert known.loc[~known["may_link"], "reconvicted_seen"].isna().all()


def test_the_second_drop_has_more_people_and_puts_three_mistakes_per_site_right(world):
    for site in world.sites:
        first, second = (known_on(site.people, day) for day in DROPS)
        assert set(first["case_number"]) < set(second["case_number"])
        mistakes = tuple(c for c in corrections(world) if c.site == site.truth.site)
        wrong = with_mistakes(first, mistakes)
        differs = first.astype(str) != wrong.astype(str)
        changed = [(first.loc[row, "case_number"], str(field)) for row, field in differs.stack().loc[lambda d: d].index]
        assert sorted(changed) == sorted((c.case_number, c.field) for c in mistakes)
        assert len(mistakes) == 3


def test_northmoor_writes_british_dates_with_a_byte_order_mark(world):
    content = drop_files(world, SECOND_DROP)["northmoor-cases.csv"]
    assert content.startswith(b"\xef\xbb\xbfCase number,")
    assert re.search(rb"\r\nNM/2025/\d{4},[^,]+,\d\d/\d\d/\d{4},ZZ9 ", content)


def test_eastwick_writes_real_dates(world):
    page = load_workbook(io.BytesIO(drop_files(world, SECOND_DROP)["eastwick-cases.xlsx"]))["Cases"]
    assert page["C1"].value == "DOB"
    assert page["C2"].is_date


# Bytes


def test_the_same_seed_gives_the_same_bytes_in_another_process():
    script = (
        "import hashlib; from pipelines.demo.create import pilot_files; "
        "[print(n, hashlib.sha256(c).hexdigest()) for n, c in sorted(pilot_files('personal-fund').items())]"
    )
    here = "".join(f"{n} {hashlib.sha256(c).hexdigest()}\n" for n, c in sorted(pilot_files("personal-fund").items()))
    there = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"},
    )
    assert there.stdout == here


def test_create_writes_all_pilots_and_then_changes_nothing(tmp_path):
    first = create(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    second = create(tmp_path)
    assert [sentence.split(":")[0] for sentence in first] == list(PILOTS)
    assert all("0 files written" in sentence for sentence in second)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_create_leaves_a_changed_file_alone_and_says_so(tmp_path):
    create(tmp_path)
    protocol = tmp_path / "pilots" / "personal-fund" / "protocol.yml"
    protocol.write_text("mine", encoding="utf-8")
    assert "left alone because they were changed: protocol.yml" in create(tmp_path)[2]
    assert protocol.read_text(encoding="utf-8") == "mine"


def test_created_protocols_load_where_they_lie(tmp_path):
    create(tmp_path)
    for pilot in PILOTS:
        assert load(tmp_path / "pilots" / pilot / "protocol.yml").pilot == pilot
