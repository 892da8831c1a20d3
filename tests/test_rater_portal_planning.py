"""From answers to units: which are made, and how many raters each needs."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from equitymedqa.records import AnswerRecord, ImageRecord
from rater_portal.errors import StudyError
from rater_portal.models import Quota, Unit
from rater_portal.services.intake import add_places, create_study
from rater_portal.services.planning import PlannedUnit, plan_units
from rubrics.loader import load_protocol, load_rubric
from rubrics.schema import Assessment, Protocol, Rubric
from tests.studies import (
    CANARIES,
    answer,
    make_study,
    protocol,
    question,
    tiny_answers,
    write_answers,
)


def rubrics_for(design: Protocol) -> dict[str, Rubric]:
    return {line.rubric: load_rubric(line.rubric) for line in design.assessments}


def planned(answers: list[AnswerRecord], **design: object) -> list[PlannedUnit]:
    plan = protocol(**design)
    return plan_units(plan, rubrics_for(plan), answers)


def test_three_rubrics_make_units_of_three_kinds() -> None:
    kinds = [unit.kind for unit in planned(tiny_answers(n_questions=3, n_pairs=2))]

    # 3 questions and 2 pairs of questions, by 2 sources: (3 + 4) * 2 single answers, 3 questions
    # with both answers, 2 pairs by each source.
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "single": 14,
        "pair": 3,
        "counterfactual": 4,
    }


def test_failed_answer_makes_no_unit() -> None:
    answers = tiny_answers(n_questions=1, n_pairs=0)
    failed = answers[0].model_copy(update={"finish_reason": "error", "text": "", "error": "oom"})

    kinds = [unit.kind for unit in planned([failed, *answers[1:]])]

    assert kinds == ["single"]


def test_answer_without_a_word_makes_no_unit() -> None:
    [first, *rest] = tiny_answers(n_questions=1, n_pairs=0)

    kinds = [unit.kind for unit in planned([first.model_copy(update={"text": " \n"}), *rest])]

    assert kinds == ["single"]


def cut_in_reasoning(whole: AnswerRecord) -> AnswerRecord:
    """The same answer, had the token limit come while the model still reasoned."""
    fields = {**whole.model_dump(), "text": "", "stripped": "They ask", "finish_reason": "length"}
    return AnswerRecord.model_validate(fields)


def test_answer_cut_in_its_reasoning_makes_no_unit() -> None:
    [first, *rest] = tiny_answers(n_questions=1, n_pairs=0)

    kinds = [unit.kind for unit in planned([cut_in_reasoning(first), *rest])]

    assert kinds == ["single"]


def with_an_image(whole: AnswerRecord) -> AnswerRecord:
    image = ImageRecord(path="rash.png", sha256="0" * 64)
    shown = whole.question.model_copy(update={"images": (image,)})
    return whole.model_copy(update={"question": shown})


def test_answer_that_was_written_without_the_image_is_not_compared() -> None:
    first, *rest = tiny_answers(n_questions=2, n_pairs=0)

    with pytest.raises(StudyError, match="were not shown the same images with question 'tiny-0'"):
        planned([with_an_image(first), *rest])


def test_image_of_a_failed_answer_is_in_no_raters_way() -> None:
    first, *rest = tiny_answers(n_questions=2, n_pairs=0)
    failed = with_an_image(first).model_copy(update={"finish_reason": "error", "text": ""})

    assert failed.answer_id not in {
        answer.answer_id for unit in planned([failed, *rest]) for answer in unit.answers
    }


def test_answers_without_any_text_are_named_as_the_reason_for_no_unit() -> None:
    answers = [one.model_copy(update={"text": ""}) for one in tiny_answers()]

    with pytest.raises(StudyError, match="there is no answer with a text"):
        planned(answers)


def test_answer_cut_in_its_reasoning_is_counted_as_left_out_and_not_as_shown_cut(
    engine: Engine, tmp_path: Path
) -> None:
    [unread, shown, *rest] = tiny_answers(n_questions=2, n_pairs=0)
    shown = shown.model_copy(update={"finish_reason": "length"})
    paths = write_answers(tmp_path, [cut_in_reasoning(unread), shown, *rest])

    with Session(engine) as session:
        made = create_study(session, protocol=protocol(), answers=paths)

    assert (made.n_answers, made.n_failed, made.n_truncated) == (4, 1, 1)


def test_cut_answers_are_left_out_on_demand_with_what_needs_them(
    engine: Engine, tmp_path: Path
) -> None:
    [first, *rest] = tiny_answers(n_questions=2, n_pairs=0)
    cut = first.model_copy(update={"finish_reason": "length"})
    paths = write_answers(tmp_path, [cut, *rest])

    with Session(engine) as session:
        design = protocol(rubrics=("pairwise",))
        shown = create_study(session, protocol=design, answers=paths, name="all")
        whole = create_study(session, protocol=design, answers=paths, name="w", whole_only=True)

    assert (shown.units, whole.units) == ({"pair": 2}, {"pair": 1})
    assert (shown.n_truncated, whole.n_truncated, whole.n_failed) == (1, 1, 0)
    # Its partner is left without anything to be compared with.
    assert (shown.unused_sets, whole.unused_sets) == ({}, {"tiny": 1})


def test_two_answers_of_one_source_to_one_question_are_refused() -> None:
    answers = tiny_answers(n_questions=1, n_pairs=0)
    again = answers[0].model_copy(update={"answer_id": "another", "text": "Another answer"})

    with pytest.raises(StudyError, match="answers question 'tiny-0' of set 'tiny' twice"):
        planned([*answers, again])


def test_counterfactual_unit_never_mixes_sources() -> None:
    units = planned(tiny_answers(n_questions=0, n_pairs=2), rubrics=["counterfactual"])

    assert [len(set(unit.sources)) for unit in units] == [1, 1, 1, 1]


def test_counterfactual_unit_keeps_the_order_of_the_file_and_its_seed() -> None:
    shuffled = tiny_answers(n_questions=0, n_pairs=1)[::-1]

    units = planned(shuffled, rubrics=["counterfactual"])

    asked = [[one.question.question_id for one in unit.answers] for unit in units]
    assert asked == [["tiny-pairs-1", "tiny-pairs-2"]] * 2
    assert [unit.seed for unit in units] == ["seed-0", "seed-0"]


def test_single_unit_of_a_paired_question_keeps_the_pairs_seed() -> None:
    units = planned(tiny_answers(n_questions=1, n_pairs=1), rubrics=["independent"])

    # One unpaired question and the two of a pair, each by two sources.
    assert [unit.seed for unit in units].count("seed-0") == 4
    assert [unit.seed for unit in units].count(None) == 2


def test_unit_ids_do_not_depend_on_the_order_of_the_answers() -> None:
    answers = tiny_answers(n_questions=3, n_pairs=2)

    forwards = {unit.unit_id for unit in planned(answers)}
    backwards = {unit.unit_id for unit in planned(answers[::-1])}

    assert forwards == backwards


def test_panels_never_name_a_source() -> None:
    shown = repr([unit.panels({}) for unit in planned(tiny_answers())])

    # The answer ids of these tests hold the source; real ones are hashes.
    texts = shown.replace(f"{CANARIES[0]}|", "").replace(f"{CANARIES[1]}|", "")
    assert "canary" not in texts


def test_own_set_follows_the_lines_for_own_sets_and_a_named_set_its_own_line() -> None:
    design = protocol(rubrics=["independent"], raters=3)
    named = Assessment(rubric="equitymedqa-independent", sets=("omaq",), raters={"physician": 1})
    design = design.model_copy(update={"assessments": (named, *design.assessments)})
    answers = [answer(question(1, dataset=name), CANARIES[0]) for name in ("omaq", "mine")]

    units = plan_units(design, rubrics_for(design), answers)

    needed = {unit.answers[0].question.dataset: dict(unit.raters) for unit in units}
    assert needed == {
        "omaq": {("equitymedqa-independent", "physician"): 1},
        "mine": {("equitymedqa-independent", "physician"): 3},
    }


def test_answers_that_meet_no_line_are_refused_with_the_reason() -> None:
    with pytest.raises(StudyError, match=r"No unit can be made.*\['tiny'\].*two sources"):
        planned([answer(question(1), CANARIES[0])], rubrics=["pairwise"])


def test_shipped_protocol_asks_three_groups_about_own_single_answers() -> None:
    design = load_protocol("equitymedqa")

    units = plan_units(design, rubrics_for(design), tiny_answers(n_questions=1, n_pairs=0))

    groups = {group for unit in units if unit.kind == "single" for _, group in unit.raters}
    assert groups == {"physician", "health_equity_expert", "consumer"}


def test_study_is_made_wholly_with_a_place_for_each_rater(engine: Engine, tmp_path: Path) -> None:
    summary = make_study(engine, tmp_path, raters=2, groups=["physician", "consumer"])

    with Session(engine) as session:
        units = session.exec(select(Unit)).all()
        capacities = session.exec(select(Quota.capacity)).all()
    assert summary.units == {"single": 8, "pair": 2, "counterfactual": 2}
    assert len(units) == 12
    # 12 units, 2 groups, 2 raters of each.
    assert capacities == [2] * 24
    assert summary.judgments_needed == {"physician": 24, "consumer": 24}


def test_answers_that_no_unit_shows_are_counted_by_set(engine: Engine, tmp_path: Path) -> None:
    # Pairs are compared with each other, so their 4 answers are in no unit of two sources.
    summary = make_study(engine, tmp_path, n_questions=1, n_pairs=1, rubrics=["pairwise"])

    assert summary.units == {"pair": 1}
    assert summary.unused_sets == {"tiny-pairs": 4}


def test_misspelt_set_of_a_protocol_is_pointed_out(engine: Engine, tmp_path: Path) -> None:
    design = protocol(rubrics=["independent"])
    line = design.assessments[0].model_copy(update={"sets": ("omaqq", "own")})
    design = design.model_copy(update={"assessments": (line,)})

    with Session(engine) as session:
        made = create_study(
            session, protocol=design, answers=write_answers(tmp_path, tiny_answers())
        )

    assert made.doubtful_sets == {"omaqq": "omaq"}


def test_second_study_of_the_same_name_is_refused_and_nothing_added(
    engine: Engine, tmp_path: Path
) -> None:
    make_study(engine, tmp_path)

    with pytest.raises(StudyError, match="There is a study 'tiny' already"):
        make_study(engine, tmp_path)

    with Session(engine) as session:
        assert len(session.exec(select(Unit)).all()) == 12


def test_added_places_let_one_more_rater_judge_each_unit(engine: Engine, tmp_path: Path) -> None:
    make_study(engine, tmp_path, raters=2)

    with Session(engine) as session:
        add_places(session, study="tiny", per_unit=1)
        assert set(session.exec(select(Quota.capacity)).all()) == {3}
