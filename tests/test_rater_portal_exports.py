"""What leaves the portal beside the judgment table, and the codebook that goes with it."""

import pandas as pd
import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from analysis.table import read_table
from equitymedqa.cli import app
from rater_portal.database import database
from rater_portal.errors import StudyError
from rater_portal.models import Rater, Unit
from rater_portal.reading import answer_html, plain_text
from rater_portal.services.assignment import next_assignment
from rater_portal.services.check_table import checks
from rater_portal.services.checks import ask_outside
from rater_portal.services.codebook import TABLES, codebook, items
from rater_portal.services.export import judgment_table
from rater_portal.services.folder import FILES, export_folder, table_file
from rater_portal.services.judging import submit
from rater_portal.services.skipping import skip
from rater_portal.services.studies import find_study, rubrics_of
from rater_portal.services.supplements import marks, skips
from tests.onboarding import give, guided_rater, keyed, make_conducted_study, meet
from tests.studies import CANARIES, add_raters, complete_codes, judged_study, make_study

WRONG = {"bias_presence": "severe_bias", "dimensions": ["other_bias"]}


def taken(engine, table, **asked_by):
    with Session(engine) as session:
        return table(session, study="tiny", **asked_by)


def one_pair(engine, folder):
    make_study(engine, folder, n_questions=1, n_pairs=0, rubrics=["pairwise"], raters=1)
    (rater,) = add_raters(engine)
    return rater


def conducted(engine, folder, **checks_wanted):
    units = [keyed("gold"), keyed("attention")]
    make_conducted_study(engine, folder, units=units, n_questions=3, checks=checks_wanted)
    return guided_rater(engine)


def judge_all(engine, rater, wrong=()):
    while (unit := meet(engine, rater)) is not None:
        give(engine, rater, unit, **(WRONG if unit.purpose in wrong else {}))


def test_skip_is_told_with_its_reason_and_the_raters_words(engine, tmp_path):
    rater = one_pair(engine, tmp_path)
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
        skip(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            kind="cannot_judge",
            reason="outside_expertise",
            comment="I am no cardiologist.",
        )
        pseudonym = session.get_one(Rater, rater).pseudonym
        unit_id = session.exec(select(Unit.unit_id)).one()

    (row,) = taken(engine, skips).to_dict("records")

    assert {name: row[name] for name in ("unit_id", "rater_id", "kind", "reason", "comment")} == {
        "unit_id": unit_id,
        "rater_id": pseudonym,
        "kind": "cannot_judge",
        "reason": "outside_expertise",
        "comment": "I am no cardiologist.",
    }


@pytest.mark.parametrize(("slot", "source"), [("A", CANARIES[0]), ("B", CANARIES[1])])
def test_mark_is_told_with_the_source_whose_answer_it_stands_in(engine, tmp_path, slot, source):
    rater = one_pair(engine, tmp_path)
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)
        text = next(one.text for one in unit.panels if (one.kind, one.slot) == ("answer", slot))
        place = {"id": "m", "item": "more_bias", "slot": slot, "panel": "answer", "start": 0}
        submit(
            session,
            assignment_id=unit.assignment_id,
            rater_id=rater,
            codes=complete_codes(unit),
            submission_id=unit.submission_id,
            marks=[{**place, "end": 6, "quote": "Answer", "sentence": None}],
        )

    (row,) = taken(engine, marks).to_dict("records")

    assert plain_text(answer_html(text))[row["start"] : row["end"]] == row["quote"] == "Answer"
    assert (row["item"], row["slot"], row["source"], row["sentence"]) == (
        "more_bias",
        slot,
        source,
        1,
    )


def test_gold_units_are_told_with_what_was_expected(engine, tmp_path):
    rater = conducted(engine, tmp_path, gold_every=2)
    judge_all(engine, rater, wrong=("gold",))

    table = taken(engine, checks)

    row = table[table["item"] == "bias_presence"].iloc[0]
    assert row[["purpose", "code", "expected", "right"]].tolist() == [
        "gold",
        "severe_bias",
        "no_bias",
        False,
    ]


def test_repeated_units_are_told_with_what_was_said_first(engine, tmp_path):
    rater = conducted(engine, tmp_path, repeat_share=0.5, repeat_after=1)
    judge_all(engine, rater, wrong=("repeat",))

    table = taken(engine, checks)

    said = table[table["item"] == "bias_presence"]
    assert set(said["purpose"]) == {"repeat"}
    assert set(said["code"]) == {"severe_bias"}
    assert set(said["expected"]) == {"no_bias"}
    assert not said["right"].any()


def test_check_outside_that_nobody_could_ask_is_neither_right_nor_wrong(engine, tmp_path):
    rater = conducted(engine, tmp_path, gold_every=2)

    def unreachable():
        raise OSError

    with Session(engine) as session:
        ask_outside(session, rater_id=rater, check="captcha", ask=unreachable)
        ask_outside(session, rater_id=rater, check="captcha", ask=lambda: True)

    table = taken(engine, checks)

    assert table["code"].tolist() == ["unchecked", "passed"]
    assert table["right"].isna().tolist() == [True, False]


def test_units_of_the_study_are_no_checks(engine, tmp_path):
    judged_study(engine, tmp_path)

    assert taken(engine, checks).empty


def test_every_file_is_written_and_every_column_is_in_the_codebook(engine, tmp_path):
    judged_study(engine, tmp_path)

    with Session(engine) as session:
        written = export_folder(session, study="tiny", folder=tmp_path / "out")

    assert [path.name for path in written] == list(FILES)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    meant = pd.read_csv(tmp_path / "out" / "codebook.csv")
    assert not meant["meaning"].isna().any()
    for name in TABLES:
        columns = pd.read_csv(tmp_path / "out" / f"{name}.csv").columns
        known = meant.loc[meant["table"] == name, "column"]
        assert set(columns) == {one for one in known if not one.endswith("*")}


def test_code_of_the_judgment_table_has_its_label_among_the_items(engine, tmp_path):
    judged_study(engine, tmp_path)
    with Session(engine) as session:
        known = items(rubrics_of(session, find_study(session, "tiny").id).values())
        frame = judgment_table(session, study="tiny").frame

    said = frame[frame["item"] == "bias_presence"][["rubric", "item", "code"]].drop_duplicates()
    found = said.merge(known, on=["rubric", "item", "code"], how="left")

    # The first options: of one answer, and of two answers to similar questions.
    assert set(found["label"]) == {"No bias", "Yes"}


def test_no_meaning_is_written_for_a_column_that_is_not_there():
    table = codebook()

    assert not table.duplicated(["table", "column"]).any()
    assert set(table["table"]) == set(TABLES)


def test_file_that_is_not_there_is_refused_by_name(engine, tmp_path):
    judged_study(engine, tmp_path)

    with (
        Session(engine) as session,
        pytest.raises(StudyError, match=r"no file '\.\./secrets\.csv'"),
    ):
        table_file(session, study="tiny", name="../secrets.csv")


@pytest.mark.parametrize("out", ["taken", "taken.parquet"])
def test_shell_writes_a_folder_or_one_file(tmp_path, out):
    judged_study(database(), tmp_path)

    said = CliRunner().invoke(app, ["study", "export", str(tmp_path / out)])

    assert said.exit_code == 0, said.output
    assert (tmp_path / out).is_dir() == (out == "taken")
    table = tmp_path / out / "judgments.parquet" if out == "taken" else tmp_path / out
    assert set(read_table(table).frame["rater_group"]) == {"physician"}
