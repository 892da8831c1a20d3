"""Files of units with known answers: what they may say, and what becomes of them."""

import json

import pytest
from sqlmodel import Session, col, select

from rater_portal.models import Quota, Study, Unit
from rater_portal.services.keyed_units import load_keyed_units
from rater_portal.services.progress import question_ids
from rubrics.loader import RubricFileError, load_rubric
from tests.onboarding import conduct, keyed, make_conducted_study, write_keyed
from tests.pictures import photograph

YAML = """
units:
  - purpose: training
    rubric: equitymedqa-independent
    questions: ["What helps?"]
    answers: [Rest.]
    key: {bias_presence: [no_bias]}
    feedback: {bias_presence: Nothing in it differs between people.}
  - purpose: gold
    rubric: equitymedqa-independent
    questions: ["What else helps?"]
    answers: [Water.]
    key:
      bias_presnce: [no_bias]
      dimensions: [other]
"""

TWO_ANSWERS = {"rubric": "equitymedqa-pairwise", "answers": ["Rest.", "Water."]}
PREFERRED = {"key": {"more_bias": ["A"]}, "feedback": {}}


def load(path, rubrics=("independent",), groups=("physician", "consumer")):
    protocol = conduct(rubrics=rubrics, groups=groups)
    known = {line.rubric: load_rubric(line.rubric) for line in protocol.assessments}
    return load_keyed_units([path], protocol=protocol, rubrics=known)


def test_unit_is_for_every_group_that_judges_with_its_rubric(tmp_path):
    (unit,) = load(write_keyed(tmp_path, [keyed("gold")]))

    assert unit.groups == ("consumer", "physician")


def test_unit_can_be_for_some_groups_alone(tmp_path):
    (unit,) = load(write_keyed(tmp_path, [keyed("gold", groups=["consumer"])]))

    assert unit.groups == ("consumer",)


def test_every_mistake_of_a_yaml_file_is_told_with_its_line(tmp_path):
    path = tmp_path / "keyed.yaml"
    path.write_text(YAML, encoding="utf-8")

    with pytest.raises(RubricFileError) as caught:
        load(path)

    told = [(problem.line, problem.key) for problem in caught.value.problems]
    assert told == [(14, "units[1].key.bias_presnce"), (15, "units[1].key.dimensions[0]")]
    assert "'other' is no code of 'dimensions'" in str(caught.value)


def test_yaml_file_without_mistakes_is_read(tmp_path):
    path = tmp_path / "keyed.yaml"
    path.write_text(YAML.replace("presnce", "presence").replace("[other]", "[]"), encoding="utf-8")

    assert [unit.purpose for unit in load(path)] == ["training", "gold"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"purpose": "silver"}, ":1: purpose: 'silver' is not among 'training', 'gold' or"),
        ({"colour": "red"}, ":1: colour: the key 'colour' is not known"),
        ({"rubric": "other"}, r":1: rubric: 'other' is not among the study's rubrics \["),
        ({"answers": ["One.", "Two."]}, ":1: answers: a unit of kind 'single' has 1, and there"),
        ({"groups": ["nurse"]}, r":1: groups\[0\]: no line of the protocol lets 'nurse' judge"),
        ({"key": {}}, ":1: key: a unit for 'gold' needs the right codes"),
        ({"key": {"bias_presence": []}}, ":1: key.bias_presence: there is no right code"),
        ({"key": {"comment": ["x"]}}, ":1: key.comment: an item of kind 'text' has no right"),
        ({"key": {"bias_presence": ["bad"]}}, r"key.bias_presence\[0\]: 'bad' is no code of"),
        ({"feedback": {"nothing": "x"}}, ":1: feedback.nothing: 'equitymedqa-independent' has no"),
        ({"answers": [" "]}, r":1: answers\[0\]: there is no text"),
    ],
)
def test_mistake_in_a_line_is_told_with_its_place(tmp_path, changes, message):
    path = write_keyed(tmp_path, [keyed("gold") | changes])

    with pytest.raises(RubricFileError, match=message):
        load(path)


def test_line_that_is_no_json_is_told_with_its_number(tmp_path):
    path = tmp_path / "keyed.jsonl"
    path.write_text(json.dumps(keyed("gold")) + "\n\n{oops\n", encoding="utf-8")

    with pytest.raises(RubricFileError, match=r"keyed.jsonl:3: is no JSON at character 2"):
        load(path)


def test_file_without_a_unit_is_refused(tmp_path):
    (tmp_path / "keyed.jsonl").write_text("\n", encoding="utf-8")

    with pytest.raises(RubricFileError, match="there is no unit in the file"):
        load(tmp_path / "keyed.jsonl")


def test_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(RubricFileError, match=r"none.jsonl: cannot be read"):
        load(tmp_path / "none.jsonl")


def test_same_unit_twice_is_refused(tmp_path):
    with pytest.raises(RubricFileError, match="unit 2 is the same as an earlier one"):
        load(write_keyed(tmp_path, [keyed("gold"), keyed("gold")]))


def test_pair_shows_one_question_and_two_answers(engine, tmp_path):
    unit = keyed("gold", **TWO_ANSWERS, **PREFERRED)
    make_conducted_study(engine, tmp_path, units=[unit], rubrics=("pairwise",))

    with Session(engine) as session:
        row = session.exec(select(Unit).where(Unit.purpose == "gold")).one()
    assert [(panel["kind"], panel["slot"]) for panel in row.panels] == [
        ("question", "A"),
        ("answer", "A"),
        ("answer", "B"),
    ]
    assert row.kind == "pair"


def test_keyed_units_become_rows_that_need_no_judgments(engine, tmp_path):
    made = make_conducted_study(engine, tmp_path, units=[keyed("gold"), keyed("training")])

    with Session(engine) as session:
        rows = session.exec(
            select(Unit.purpose, Unit.key, Unit.feedback, Quota.capacity)
            .join(Quota, col(Quota.unit_pk) == Unit.id)
            .where(Unit.purpose != "study")
            .order_by(col(Unit.id))
        ).all()
    key, why = {"bias_presence": ["no_bias"]}, {"bias_presence": "Because of reason 1."}
    assert rows == [("gold", key, why, 0), ("training", key, why, 0)]
    assert made.keyed_units == {"gold": 1, "training": 1}
    assert made.judgments_needed == {"physician": 8}


def test_keyed_unit_shows_the_images_that_lie_beside_its_file(engine, tmp_path):
    image = photograph(tmp_path / "study" / "photos" / "rash.jpg")
    unit = keyed("training", images=[["photos/rash.jpg"]])

    made = make_conducted_study(engine, tmp_path, units=[unit])

    with Session(engine) as session:
        question, answer = session.exec(select(Unit).where(Unit.purpose == "training")).one().panels
    assert [shown["sha256"] for shown in question["images"]] == [image.sha256]
    assert "images" not in answer
    assert made.n_images == 1


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([["gone.jpg"]], r":1: images\[0\]: .*gone\.jpg cannot be read: No such file"),
        ([[], []], ":1: images: has 2 lists, and there are 1 questions"),
    ],
)
def test_images_that_a_keyed_unit_cannot_show_are_told_with_their_place(tmp_path, images, message):
    with pytest.raises(RubricFileError, match=message):
        load(write_keyed(tmp_path, [keyed("gold", images=images)]))


def test_id_of_a_keyed_unit_follows_its_images_and_is_what_it_was_without(tmp_path):
    photograph(tmp_path / "rash.jpg")
    path = write_keyed(tmp_path, [keyed("gold"), keyed("gold", images=[["rash.jpg"]])])

    without, seeing = load(path)

    # SHA-256 of '["gold", "equitymedqa-independent", [QUESTION], [ANSWER]]', as ever.
    assert without.unit_id == "k-056ad6c710c21e13"
    assert seeing.unit_id != without.unit_id


def test_questions_of_the_study_are_those_of_its_own_units(engine, tmp_path):
    make_conducted_study(engine, tmp_path, units=[keyed("gold")])

    with Session(engine) as session:
        assert question_ids(session, study="tiny") == {"tiny-0", "tiny-1"}


def test_file_with_a_mistake_makes_no_study(engine, tmp_path):
    with pytest.raises(RubricFileError, match="there is no right code"):
        make_conducted_study(engine, tmp_path, units=[keyed("gold", key={"bias_presence": []})])

    with Session(engine) as session:
        assert session.exec(select(Study)).all() == []
