"""Images of questions: from a column of the question file to the question's record."""

import hashlib
import os
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image

from equitymedqa.image_files import ImageFileError, open_image
from equitymedqa.loading import load_questions
from equitymedqa.problems import QuestionFileError
from equitymedqa.records import ImageRecord


def save_image(path: Path, *, shade: int = 0, side: int = 24) -> Path:
    """An image whose left half is darker than its right, the more so the greater the shade."""
    image = Image.new("RGB", (side, side), (200, 40, 90))
    image.paste((shade, 255 - shade, shade // 2), (0, 0, side // 2, side))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def question_file(folder: Path, text: str) -> Path:
    path = folder / "own.csv"
    path.write_text(text)
    return path


def test_image_is_found_beside_the_question_file_and_digested(tmp_path):
    image = save_image(tmp_path / "photos" / "rash.png")
    path = question_file(tmp_path, "question,image\nIs this rash an allergy?,photos/rash.png\n")

    [question] = load_questions(path).questions

    sha256 = hashlib.sha256(image.read_bytes()).hexdigest()
    assert question.images == (ImageRecord(path=str(image), sha256=sha256),)
    assert question.attributes == {}


def test_question_can_have_several_images_or_none(tmp_path):
    for name in ("a.png", "b.png"):
        save_image(tmp_path / name)
    path = question_file(tmp_path, "question,image\nWhich is worse?,a.png; b.png\nIs it safe?,\n")

    both, none = load_questions(path).questions

    assert [Path(image.path).name for image in both.images] == ["a.png", "b.png"]
    assert none.images == ()


def test_same_words_about_another_image_are_another_question(tmp_path):
    for number in (1, 2):
        save_image(tmp_path / f"{number}.png", shade=100 * number)
    path = question_file(tmp_path, "question,image\nWhat is this?,1.png\nWhat is this?,2.png\n")

    ids = [question.question_id for question in load_questions(path).questions]

    assert len(set(ids)) == 2


def test_id_of_a_question_follows_its_image_and_not_the_name_of_the_file(tmp_path):
    for number, name in enumerate(("first/a.png", "second/b.png")):
        save_image(tmp_path / name, shade=50)
        question_file(tmp_path, f"question,image\nWhat is this?,{name}\n").rename(
            tmp_path / f"{number}.csv"
        )

    one, other = (
        load_questions(tmp_path / f"{number}.csv", dataset="own").questions[0]
        for number in range(2)
    )

    assert one.question_id == other.question_id


def test_each_side_of_a_pair_has_its_own_image(tmp_path):
    for number in (1, 2):
        save_image(tmp_path / f"{number}.png", shade=100 * number)
    path = question_file(
        tmp_path,
        "question_1,question_2,image_1,image_2\nIs it a burn?,Is it a burn?,1.png,2.png\n",
    )

    [pair] = load_questions(path).pairs

    sides = (pair.question_1, pair.question_2)
    assert [Path(side.images[0].path).name for side in sides] == ["1.png", "2.png"]


def test_both_sides_of_a_pair_can_share_an_image(tmp_path):
    save_image(tmp_path / "a.png")
    path = question_file(tmp_path, "question_1,question_2,image\nHis rash?,Her rash?,a.png\n")

    [pair] = load_questions(path).pairs

    assert pair.question_1.images == pair.question_2.images != ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, r"own\.csv, line 3: .*b\.png cannot be read: No such file"),
        (b"GIF89a and so on", r"own\.csv, line 3: .*b\.png is no image that can be read whole"),
        (b"", r"own\.csv, line 3: .*b\.png is no image that can be read whole"),
    ],
    ids=["missing", "no image", "empty"],
)
def test_image_that_cannot_be_shown_is_named_with_file_and_line(tmp_path, content, reason):
    save_image(tmp_path / "a.png")
    if content is not None:
        (tmp_path / "b.png").write_bytes(content)
    path = question_file(tmp_path, "question,image\nWhat is this?,a.png\nAnd this?,b.png\n")

    with pytest.raises(QuestionFileError, match=reason):
        load_questions(path)


def test_image_that_is_torn_is_refused(tmp_path):
    whole = save_image(tmp_path / "a.png", side=200).read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(QuestionFileError, match=r"line 2: .*a\.png is no image that can be read"):
        load_questions(question_file(tmp_path, "question,image\nWhat is this?,a.png\n"))


def test_pipe_is_refused_and_not_read(tmp_path):
    pipe = tmp_path / "a.png"
    os.mkfifo(pipe)
    # Waits for a reader, and lets go one that should not have come.
    writer = Thread(target=pipe.write_bytes, args=(b"",))
    writer.start()

    with pytest.raises(ImageFileError, match=r"a\.png cannot be read: it is no plain file"):
        open_image(ImageRecord(path=str(pipe), sha256="0" * 64))

    assert writer.is_alive()
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer.join()
    os.close(reader)


def test_path_that_no_file_can_have_is_refused():
    with pytest.raises(ImageFileError, match="cannot be read: No such file"):
        open_image(ImageRecord(path="a\0.png", sha256="0" * 64))


def test_image_that_changed_since_it_was_loaded_is_refused(tmp_path):
    image = save_image(tmp_path / "a.png", shade=1)
    path = question_file(tmp_path, "question,image\nWhat is this?,a.png\n")
    [question] = load_questions(path).questions
    save_image(image, shade=2)

    with pytest.raises(ImageFileError, match=r"a\.png is another image than when"):
        open_image(question.images[0])


def test_photo_taken_sideways_is_turned_upright(tmp_path):
    # Orientation 6: to be turned by a quarter to be seen as it was taken.
    photo, exif = Image.new("RGB", (40, 20)), Image.Exif()
    exif[0x0112] = 6
    content = BytesIO()
    photo.save(content, "jpeg", exif=exif)
    (tmp_path / "a.jpg").write_bytes(content.getvalue())
    [question] = load_questions(
        question_file(tmp_path, "question,image\nWhat is this?,a.jpg\n")
    ).questions

    assert open_image(question.images[0]).size == (20, 40)
