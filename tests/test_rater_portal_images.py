"""Images of questions: what is stored of them, what is refused, and where they leave the portal."""

import hashlib
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image, ImageChops
from sqlalchemy import Engine, func, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select
from typer.testing import CliRunner

from equitymedqa.cli import app
from equitymedqa.image_files import open_image
from equitymedqa.records import ImageRecord
from rater_portal.errors import StudyError
from rater_portal.models import ShownImage, Study, StudyImage, Unit
from rater_portal.services.assignment import next_assignment
from rater_portal.services.audit import verify
from rater_portal.services.codebook import WITH_IMAGES
from rater_portal.services.folder import FILES, export_folder, files_of
from rater_portal.services.images import study_image
from rater_portal.services.intake import create_study
from rater_portal.wire import desk_data
from tests.pictures import PATIENT, photograph, recorded, seeing_study, showing
from tests.studies import (
    add_raters,
    judge_one,
    judged_study,
    make_study,
    protocol,
    tiny_answers,
    write_answers,
)


def stored(engine: Engine, image: ImageRecord, study: str = "tiny") -> bytes:
    with Session(engine) as session:
        return study_image(session, study=study, sha256=image.sha256)


def counts(engine: Engine) -> list[int]:
    """How many studies, units and images there are."""
    with Session(engine) as session:
        tables = (Study, Unit, ShownImage, StudyImage)
        return [session.exec(select(func.count()).select_from(one)).one() for one in tables]


def test_stored_image_has_the_very_pixels_that_a_model_is_shown(engine, tmp_path):
    image = photograph(tmp_path / "rash.jpg", size=(40, 24))

    seeing_study(engine, tmp_path, image)

    shown = Image.open(BytesIO(stored(engine, image)))
    assert (shown.format, shown.mode, shown.size) == ("PNG", "RGB", (40, 24))
    assert ImageChops.difference(shown, open_image(image)).getbbox() is None


def test_nothing_of_the_file_is_stored_but_its_pixels(engine, tmp_path):
    image = photograph(tmp_path / "rash.jpg")
    before = (tmp_path / "rash.jpg").read_bytes()

    seeing_study(engine, tmp_path, image)

    png = stored(engine, image)
    chunks, at = [], 8
    while at < len(png):
        chunks.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4])
    assert PATIENT.encode() in before
    assert PATIENT.encode() not in png
    assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}


def test_transparent_colour_of_a_png_is_shown_as_the_model_saw_it(engine, tmp_path):
    Image.new("RGB", (8, 8), (1, 2, 3)).save(tmp_path / "a.png", transparency=(1, 2, 3))
    image = recorded(tmp_path / "a.png")

    seeing_study(engine, tmp_path, image)

    assert Image.open(BytesIO(stored(engine, image))).info == {}


def test_image_that_many_questions_and_studies_show_is_stored_once(engine, tmp_path):
    image = photograph(tmp_path / "rash.jpg")
    (tmp_path / "copy.jpg").write_bytes((tmp_path / "rash.jpg").read_bytes())

    made = seeing_study(engine, tmp_path / "a", image, recorded(tmp_path / "copy.jpg"))
    seeing_study(engine, tmp_path / "b", image, name="second")

    assert made.n_images == 1
    # Two studies of three units each; one image, which both show.
    assert counts(engine) == [2, 6, 1, 2]


def test_question_of_a_pair_shows_its_images_once_and_answers_none(engine, tmp_path):
    images = [photograph(tmp_path / f"{n}.jpg", shade=50 * n, size=(30, 20 + n)) for n in (1, 2)]

    seeing_study(engine, tmp_path, *images)

    with Session(engine) as session:
        [panels] = session.exec(select(Unit.panels).where(Unit.kind == "pair"))
    [question] = [panel for panel in panels if "images" in panel]
    assert question["kind"] == "question"
    assert [(one["sha256"], one["width"], one["height"]) for one in question["images"]] == [
        (images[0].sha256, 30, 21),
        (images[1].sha256, 30, 22),
    ]
    assert [one["png_sha256"] for one in question["images"]] == [
        hashlib.sha256(stored(engine, image)).hexdigest() for image in images
    ]


def test_units_without_images_have_the_panels_that_they_always_had(engine, tmp_path):
    make_study(engine, tmp_path, n_questions=1, n_pairs=0)

    with Session(engine) as session:
        panels = session.exec(select(Unit.panels).where(Unit.kind == "single")).first()
    assert [set(panel) for panel in panels] == [
        {"kind", "slot", "text"},
        {"kind", "slot", "text", "is_cut", "answer_id"},
    ]


def test_browser_learns_an_address_and_a_size_and_no_more(engine, tmp_path):
    image = photograph(tmp_path / "secret-folder" / "rash.jpg")
    seeing_study(engine, tmp_path, image)
    [rater] = add_raters(engine)
    with Session(engine) as session:
        unit = next_assignment(session, rater_id=rater)

    data = desk_data(unit, language="en", words={}, skip_reasons={})

    assert [panel["images"] for panel in data["panels"]] == [
        [{"address": f"/desk/image/{image.sha256}", "width": 40, "height": 24}],
        [],
    ]
    assert "secret-folder" not in repr(data)


# What is refused.


def gone(path: Path) -> None:
    path.unlink()


def changed(path: Path) -> None:
    photograph(path, shade=99)


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (gone, "No such file"),
        (changed, "is another image than when the questions were loaded"),
        (folder_instead, "it is no plain file"),
    ],
)
def test_image_that_is_not_what_models_saw_is_refused_and_nothing_is_written(
    engine, tmp_path, spoil, said
):
    good, bad = (photograph(tmp_path / f"{n}.jpg", shade=n) for n in (10, 20))
    spoil(tmp_path / "20.jpg")

    with pytest.raises(StudyError) as refused:
        seeing_study(engine, tmp_path, good, bad)

    for words in ("'tiny-0' of set 'tiny'", "20.jpg", said, "--images", "nothing was stored"):
        assert words in str(refused.value)
    assert counts(engine) == [0, 0, 0, 0]


def test_file_that_is_no_image_is_refused_though_its_digest_fits(engine, tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image at all")

    with pytest.raises(StudyError, match=r"a\.png is no image that can be read whole"):
        seeing_study(engine, tmp_path, recorded(tmp_path / "a.png"))


def test_all_missing_images_are_counted_and_the_first_is_named(engine, tmp_path):
    images = [photograph(tmp_path / f"{n}.jpg", shade=n) for n in (10, 20, 30)]
    for path in tmp_path.glob("*.jpg"):
        path.unlink()

    with pytest.raises(StudyError, match=r"3 images cannot be shown.*10\.jpg"):
        seeing_study(engine, tmp_path, *images)


def test_answers_of_two_models_that_saw_different_images_are_not_compared(engine, tmp_path):
    one, other = (photograph(tmp_path / f"{n}.jpg", shade=n) for n in (10, 20))
    first, second = tiny_answers(n_questions=1, n_pairs=0)
    paths = write_answers(tmp_path, [*showing([first], one), *showing([second], other)])

    with (
        Session(engine) as session,
        pytest.raises(StudyError, match="not shown the same images with question 'tiny-0'"),
    ):
        create_study(session, protocol=protocol(rubrics=("pairwise",)), answers=paths)


# Files that were moved.


def moved(image: ImageRecord, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    Path(image.path).rename(to)


@pytest.mark.parametrize("below", ["derm/rash.jpg", "rash.jpg", "photos/derm/rash.jpg"])
def test_moved_image_is_found_by_the_end_of_its_path(engine, tmp_path, below):
    image = photograph(tmp_path / "old" / "photos" / "derm" / "rash.jpg")
    moved(image, tmp_path / "new" / below)

    made = seeing_study(engine, tmp_path, image, images=tmp_path / "new")

    assert made.n_images == 1


def test_image_recorded_on_another_system_is_found(engine, tmp_path):
    here = photograph(tmp_path / "new" / "derm" / "rash.jpg")
    image = here.model_copy(update={"path": "C:\\study\\derm\\rash.jpg"})

    assert seeing_study(engine, tmp_path, image, images=tmp_path / "new").n_images == 1


def test_another_image_of_the_same_name_is_refused(engine, tmp_path):
    image = photograph(tmp_path / "old" / "rash.jpg")
    (tmp_path / "old" / "rash.jpg").unlink()
    photograph(tmp_path / "new" / "rash.jpg", shade=77)

    with pytest.raises(StudyError, match=r"new/rash\.jpg is another image"):
        seeing_study(engine, tmp_path, image, images=tmp_path / "new")
    assert counts(engine) == [0, 0, 0, 0]


def test_right_one_of_two_images_with_one_name_is_taken(engine, tmp_path):
    image = photograph(tmp_path / "old" / "derm" / "rash.jpg")
    moved(image, tmp_path / "new" / "rash.jpg")
    photograph(tmp_path / "new" / "derm" / "rash.jpg", shade=77)

    seeing_study(engine, tmp_path, image, images=tmp_path / "new")

    assert Image.open(BytesIO(stored(engine, image))).getpixel((39, 23)) == (
        open_image(recorded(tmp_path / "new" / "rash.jpg")).getpixel((39, 23))
    )


def test_path_in_an_answer_file_leads_to_nothing_above_the_folder(engine, tmp_path):
    above = photograph(tmp_path / "rash.jpg")
    (tmp_path / "new").mkdir()
    image = above.model_copy(update={"path": "gone/../../rash.jpg"})

    with pytest.raises(StudyError, match="No such file"):
        seeing_study(engine, tmp_path / "answers", image, images=tmp_path / "new")


def test_shell_takes_the_folder_and_counts_the_images(tmp_path):
    image = photograph(tmp_path / "old" / "rash.jpg")
    moved(image, tmp_path / "new" / "rash.jpg")
    paths = write_answers(tmp_path, showing(tiny_answers(n_questions=1, n_pairs=0), image))
    create = ["study", "create", "equitymedqa", "--answers", *map(str, paths)]

    without = CliRunner().invoke(app, create)
    made = CliRunner().invoke(app, [*create, "--images", str(tmp_path / "new")])

    assert without.exit_code != 0
    assert made.exit_code == 0, made.output
    assert "Images: 1," in made.output


# What leaves the portal, and the proof.


def test_folder_tells_each_units_images_and_holds_them(engine, tmp_path):
    image = photograph(tmp_path / "rash.jpg")
    seeing_study(engine, tmp_path, image)
    [rater] = add_raters(engine)
    judge_one(engine, rater)

    with Session(engine) as session:
        export_folder(session, study="tiny", folder=tmp_path / "out")
        units = set(session.exec(select(Unit.unit_id)))

    table = pd.read_csv(tmp_path / "out" / "images.csv")
    assert tuple(table.columns) == WITH_IMAGES["images"]
    assert set(table["unit_id"]) == units
    assert set(table["sha256"]) == {image.sha256}
    assert set(table["question_id"]) == {"tiny-0"}
    [file] = (tmp_path / "out" / "images").iterdir()
    assert file.name == f"{image.sha256}.png"
    assert set(table["png_sha256"]) == {hashlib.sha256(file.read_bytes()).hexdigest()}
    meant = pd.read_csv(tmp_path / "out" / "codebook.csv")
    assert set(meant.loc[meant["table"] == "images", "column"]) == set(table.columns)


def test_folder_of_a_study_without_images_is_what_it_was(engine, tmp_path):
    judged_study(engine, tmp_path)

    with Session(engine) as session:
        export_folder(session, study="tiny", folder=tmp_path / "out")

        assert files_of(session, study="tiny") == FILES
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    assert "images" not in set(pd.read_csv(tmp_path / "out" / "codebook.csv")["table"])


@pytest.mark.parametrize(
    "statement", ["UPDATE shown_image SET width = 1", "DELETE FROM study_image"], ids=str
)
def test_database_refuses_to_change_or_remove_an_image(engine, tmp_path, statement):
    seeing_study(engine, tmp_path, photograph(tmp_path / "rash.jpg"))

    with pytest.raises(DBAPIError, match="is append-only"), engine.begin() as connection:
        connection.execute(text(statement))


def unguard(engine: Engine) -> None:
    """Let the operator of the database do anything."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE shown_image DISABLE TRIGGER ALL"))
        else:
            connection.execute(text("DROP TRIGGER shown_image_refuses_update"))


def test_image_that_was_exchanged_in_the_database_is_found(engine, tmp_path):
    image = photograph(tmp_path / "rash.jpg")
    seeing_study(engine, tmp_path, image)
    [rater] = add_raters(engine)
    judge_one(engine, rater)
    with Session(engine) as session:
        before = verify(session, study="tiny").problems

    unguard(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE shown_image SET png = :png"), {"png": b"another"})

    with Session(engine) as session:
        after = verify(session, study="tiny").problems
    assert before == ()
    assert after == (f"The image {image.sha256} is not the one that was shown.",)


def test_exchanged_digest_of_a_judged_image_breaks_the_trail(engine, tmp_path):
    image = photograph(tmp_path / "rash.jpg")
    seeing_study(engine, tmp_path, image)
    [rater] = add_raters(engine)
    judge_one(engine, rater)

    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE unit SET panels = "
                "CAST(replace(CAST(panels AS TEXT), '\"width\": 40', '\"width\": 41') AS JSON)"
                if engine.dialect.name == "postgresql"
                else "UPDATE unit SET panels = replace(panels, '\"width\": 40', '\"width\": 41')"
            )
        )

    with Session(engine) as session:
        assert any("was altered" in one for one in verify(session, study="tiny").problems)
