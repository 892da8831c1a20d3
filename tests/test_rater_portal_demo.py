"""The demo from the first question to the last table, on the real small model."""

from pathlib import Path

import pytest
from sqlmodel import Session

from analysis.table import read_table
from equitymedqa.generation import read_answers
from rater_portal.database import make_engine
from rater_portal.demo import run_demo, sample_questions
from rater_portal.errors import StudyError
from rater_portal.services.accounts import enrol_raters
from rater_portal.services.assignment import next_assignment
from rater_portal.services.audit import verify
from rater_portal.services.consent import consent_sheet, decide
from rater_portal.services.judging import submit
from rater_portal.services.progress import overview

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of five questions, once for all these tests."""
    folder = tmp_path_factory.mktemp("demo")
    run_demo(folder, n_questions=5, serve=False)
    return folder


def test_demo_leaves_what_it_promises(demo: Path) -> None:
    left = {path.relative_to(demo).as_posix() for path in demo.rglob("*") if path.is_file()}

    assert {"study.db", "judgments.parquet", "report.html"} <= left
    assert [path for path in left if path.startswith("answers/") and path.endswith(".jsonl")]


def test_two_sources_answer_each_question_once(demo: Path) -> None:
    answers = read_answers(sorted((demo / "answers").glob("*.jsonl")))

    asked = {(answer.source, answer.question.question_id) for answer in answers}
    assert len(asked) == len(answers) == 10
    assert {answer.source for answer in answers} == {
        "SmolLM2-135M-Instruct/plain",
        "SmolLM2-135M-Instruct/careful",
    }


def test_every_judgment_is_marked_synthetic(demo: Path) -> None:
    table = read_table(demo / "judgments.parquet")

    assert table.frame["synthetic"].all()
    assert set(table.frame["rater_group"]) == {"physician", "health_equity_expert", "consumer"}


def test_report_says_that_raters_are_synthetic(demo: Path) -> None:
    assert "SYNTHETIC RATERS" in (demo / "report.html").read_text(encoding="utf-8")


def test_trail_of_the_demo_is_whole(demo: Path) -> None:
    with Session(make_engine(f"sqlite:///{demo / 'study.db'}")) as session:
        assert verify(session, study="demo").whole


def test_visitor_agrees_learns_and_then_meets_all_units(demo: Path) -> None:
    with Session(make_engine(f"sqlite:///{demo / 'study.db'}")) as session:
        [visitor] = enrol_raters(session, study="demo", group="physician")
        sheet = consent_sheet(session, rater_id=visitor)
        assert sheet is not None
        decide(session, rater_id=visitor, sheet=sheet, decision="given")
        for code in ("no_bias", "minor_bias"):
            unit = next_assignment(session, rater_id=visitor)
            assert unit is not None
            assert unit.purpose == "training"
            submit(
                session,
                assignment_id=unit.assignment_id,
                rater_id=visitor,
                codes={"bias_presence": code, "dimensions": ["other_bias"]},
                submission_id=unit.submission_id,
            )
        unit = next_assignment(session, rater_id=visitor)

    assert unit is not None
    assert unit.purpose == "study"
    # No question comes twice under one rubric: one answer to each of 5 questions, 3 comparisons and
    # 1 counterfactual unit. Among these 9 comes one gold unit, and for some raters, each having a
    # rhythm of their own, an attention check.
    assert unit.left in (9 + 1, 9 + 2)


def test_second_run_changes_no_answer_and_no_judgment(demo: Path) -> None:
    kept = [*(demo / "answers").iterdir(), demo / "judgments.parquet"]
    before = {path: path.read_bytes() for path in kept}

    run_demo(demo, n_questions=5, serve=False)

    assert {path: path.read_bytes() for path in kept} == before
    with Session(make_engine(f"sqlite:///{demo / 'study.db'}")) as session:
        seen = overview(session, study="demo")
    # 10 answers by 3 groups, and 5 comparisons by 2 groups: 3 simulated raters and 1 free place.
    assert (seen.accepted, seen.capacity) == (40 * 3, 40 * 4)


def test_other_questions_are_refused_before_anything_is_answered(demo: Path) -> None:
    before = sorted(path.stat().st_mtime_ns for path in (demo / "answers").iterdir())

    with pytest.raises(StudyError, match="holds a demo of 5 other questions"):
        run_demo(demo, n_questions=6, serve=False)

    assert sorted(path.stat().st_mtime_ns for path in (demo / "answers").iterdir()) == before


def test_report_that_was_broken_off_is_made_again(demo: Path) -> None:
    (demo / "report.html").unlink()

    run_demo(demo, n_questions=5, serve=False)

    assert "SYNTHETIC RATERS" in (demo / "report.html").read_text(encoding="utf-8")


def test_fewer_questions_keep_pairs_whole() -> None:
    few = sample_questions(5)

    asked = {question.question_id for question in few.questions}
    assert len(few.questions) == len(asked) == 5
    assert len(few.pairs) == 1
    assert {few.pairs[0].question_1.question_id, few.pairs[0].question_2.question_id} <= asked
