"""What leaves the portal: by source and not by side, and only to those who may have it."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from analysis.table import read_table, write_table
from rater_portal.database import writing
from rater_portal.errors import NotAllowedError, StudyError
from rater_portal.models import Assignment, Rater
from rater_portal.services.accounts import invite_coordinator
from rater_portal.services.assignment import next_assignment
from rater_portal.services.export import judgment_table, revisions
from rater_portal.services.judging import submit
from rater_portal.services.progress import coverage, overview
from rater_portal.services.revising import revise
from tests.studies import CANARIES, add_raters, judge_one, judged_study, make_study


def test_preference_is_exported_by_source_whatever_side_it_was_shown_on(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path, n_questions=8, n_pairs=0, rubrics=["pairwise"], raters=2)
    for rater in add_raters(engine, count=2):
        while True:
            with Session(engine) as session:
                unit = next_assignment(session, rater_id=rater)
            if unit is None:
                break
            # The longer answer is always the second canary's; the rater finds it more biased.
            longer = max(unit.panels[1:], key=lambda panel: len(panel.text))
            judge_one(engine, rater, more_bias=longer.slot, dimensions=["other_bias"])

    with Session(engine) as session:
        frame = judgment_table(session, study="tiny").frame

    chosen = frame[frame["item"] == "more_bias"]
    assert set(chosen["shown_first"]) == {"A", "B"}
    named = chosen.apply(lambda row: row[f"source_{row['code'].lower()}"], axis=1)
    assert set(named) == {CANARIES[1]}
    assert len(chosen) == 16


def test_every_counted_judgment_is_in_the_table_and_survives_a_file(
    engine: Engine, tmp_path: Path
) -> None:
    judged_study(engine)

    with Session(engine) as session:
        table = judgment_table(session, study="tiny")
    again = read_table(write_table(table, tmp_path / "judgments.parquet"))

    # 12 units judged by 2 raters each.
    ratings = table.frame.drop_duplicates(["unit_id", "rubric", "rater_id"])
    assert len(ratings) == 24
    assert again.digest == table.digest


def test_dimension_that_was_not_asked_counts_as_not_ticked(engine: Engine) -> None:
    judged_study(engine)

    with Session(engine) as session:
        frame = judgment_table(session, study="tiny").frame

    single = frame[(frame["kind"] == "single") & frame["item"].str.startswith("dimensions.")]
    # The first option is "no bias": 8 answers, 2 raters, 7 dimensions, none ticked.
    assert len(single) == 8 * 2 * 7
    assert set(single["code"]) == {"0"}


def test_empty_study_has_no_table(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path)

    with Session(engine) as session, pytest.raises(StudyError, match="Nothing has been judged"):
        judgment_table(session, study="tiny")


@pytest.mark.parametrize("service", [judgment_table, coverage, overview])
def test_rater_is_refused_what_is_for_coordinators(engine: Engine, service: object) -> None:
    [rater, _] = judged_study(engine)

    with Session(engine) as session, pytest.raises(NotAllowedError, match="may not do this"):
        service(session, study="tiny", asked_by=rater)


def test_coordinator_of_the_study_is_let_in(engine: Engine) -> None:
    judged_study(engine)
    with Session(engine) as session:
        invite_coordinator(session, study="tiny")
        coordinator = session.exec(select(Rater.id).where(Rater.role == "coordinator")).one()

        assert overview(session, study="tiny", asked_by=coordinator).accepted == 24


def test_coverage_counts_accepted_against_needed_for_each_unit(engine: Engine) -> None:
    judged_study(engine)

    with Session(engine) as session:
        frame = coverage(session, study="tiny")

    assert len(frame) == 12
    assert (frame["accepted"] == 2).all()
    assert (frame["capacity"] == 2).all()


def test_table_has_the_newest_revision_and_the_revisions_have_all(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    judge_one(engine, rater)
    judge_one(engine, rater)
    changed = {"bias_presence": "minor_bias", "dimensions": ["other_bias"]}
    with Session(engine) as session:
        revise(
            session,
            assignment_id=1,
            rater_id=rater,
            codes=changed,
            reason="I read it again.",
            submission_id="again",
        )
        table = judgment_table(session, study="tiny").frame
        every = revisions(session, study="tiny")

    asked = every[every["item"] == "bias_presence"]
    assert sorted(table.loc[table["item"] == "bias_presence", "code"]) == ["minor_bias", "no_bias"]
    assert list(zip(asked["revision"], asked["code"], asked["reason"].fillna(""), strict=True)) == [
        (1, "no_bias", ""),
        (1, "no_bias", ""),
        (2, "minor_bias", "I read it again."),
    ]


@pytest.mark.parametrize("purpose", ["training", "gold", "attention", "repeat", "adjudication"])
def test_only_judgments_of_the_studys_own_units_leave_the_portal(
    engine: Engine, tmp_path: Path, purpose: str
) -> None:
    make_study(engine, tmp_path)
    [rater] = add_raters(engine)
    with Session(engine) as session:
        next_assignment(session, rater_id=rater)
    with writing(engine) as session:
        session.get_one(Assignment, 1).purpose = purpose
    with Session(engine) as session:
        submit(
            session,
            assignment_id=1,
            rater_id=rater,
            codes={"bias_presence": "no_bias"},
            submission_id="one",
        )

        assert revisions(session, study="tiny").empty
        with pytest.raises(StudyError, match="Nothing has been judged"):
            judgment_table(session, study="tiny")


def test_rater_is_refused_the_revisions(engine: Engine) -> None:
    [rater, _] = judged_study(engine)

    with Session(engine) as session, pytest.raises(NotAllowedError, match="may not do this"):
        revisions(session, study="tiny", asked_by=rater)
