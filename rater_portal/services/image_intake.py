"""Images of questions on their way into a study: found, held against their digests, made plain.

What is stored is what the models were shown, upright RGB pixels, and nothing else of the file: a
camera writes place, time and names beside its pixels.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from equitymedqa.image_files import ImageFileError, open_image
from equitymedqa.records import ImageRecord, QuestionRecord
from rater_portal.errors import StudyError
from rater_portal.models import ShownImage, StudyImage

if TYPE_CHECKING:
    from PIL.Image import Image

SEPARATORS: Final = re.compile(r"[\\/]+")
"""Of the parts of a path, on whatever machine the answers were made."""

INSERT: Final[Mapping[str, Callable[..., sqlite.Insert | postgresql.Insert]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""By database, the way to insert that can leave a row alone that is there."""


@dataclass(frozen=True)
class ImageFacts:
    """What a panel says of an image."""

    sha256: str
    """Of the file that the question came with."""

    width: int
    height: int
    png_sha256: str
    """Of what raters get, so that a judgment's hash holds what was seen."""


@dataclass(frozen=True)
class ReadyImage:
    """An image that can be stored. Its bytes wait on disk: memory holds one image at a time."""

    facts: ImageFacts
    file: Path | None
    """Where its PNG waits; None if it is stored already."""


def ready_images(
    session: Session, questions: Iterable[QuestionRecord], *, images: Path | None, waiting: Path
) -> list[ReadyImage]:
    """Every image of these questions, each once.

    Parameters
    ----------
    images
        A folder that they were moved to. A file is found below it by the end of its recorded path,
        the longest first, and is taken only if its digest is the recorded one.
    waiting
        An empty folder for what is to be stored.

    Raises
    ------
    StudyError
        If an image is gone, cannot be read, or is another than the models were shown.
    """
    ready: list[ReadyImage] = []
    missing: list[tuple[QuestionRecord, ImageFileError]] = []
    for sha256, shown in _by_digest(questions).items():
        if stored := _stored(session, sha256):
            ready.append(ReadyImage(stored, None))
            continue
        try:
            found = _opened([image for _, image in shown], images)
        except ImageFileError as error:
            missing.append((shown[0][0], error))
        else:
            ready.append(_made_ready(sha256, found, waiting))
    if missing:
        raise _refusal(missing)
    return ready


def store_images(
    session: Session, *, study_id: int, ready: Iterable[ReadyImage]
) -> Mapping[str, ImageFacts]:
    """Store what is not there yet, and let the study show all of them.

    Returns
    -------
    what is stored, by the digest of its file
    """
    stored = {one.facts.sha256: _store(session, one) for one in ready}
    session.add_all(StudyImage(study_id=study_id, sha256=sha256) for sha256 in stored)
    return stored


def _by_digest(
    questions: Iterable[QuestionRecord],
) -> Mapping[str, Sequence[tuple[QuestionRecord, ImageRecord]]]:
    """Each image with the questions that show it, and the paths under which they know it."""
    found: dict[str, list[tuple[QuestionRecord, ImageRecord]]] = defaultdict(list)
    for question in questions:
        for image in question.images:
            if all(image != known for _, known in found[image.sha256]):
                found[image.sha256].append((question, image))
    return found


def _stored(session: Session, sha256: str) -> ImageFacts | None:
    columns = (ShownImage.width, ShownImage.height, ShownImage.png_sha256)
    row = session.exec(select(*columns).where(col(ShownImage.sha256) == sha256)).one_or_none()
    return ImageFacts(sha256, *row) if row else None


def _store(session: Session, one: ReadyImage) -> ImageFacts:
    # Another study may have stored it since it was made ready.
    if stored := _stored(session, one.facts.sha256):
        return stored
    if one.file is None:
        raise ValueError(f"the image {one.facts.sha256} was stored and is gone")
    facts = one.facts
    insert = INSERT[session.get_bind().dialect.name]
    row = insert(ShownImage).values(
        sha256=facts.sha256,
        width=facts.width,
        height=facts.height,
        png=one.file.read_bytes(),
        png_sha256=facts.png_sha256,
    )
    # PostgreSQL lets several write at once, and whoever stored it first decides what is shown.
    session.execute(row.on_conflict_do_nothing())
    return _stored(session, facts.sha256) or facts


def _opened(known_as: Iterable[ImageRecord], folder: Path | None) -> "Image":
    """The image, from the first place that holds it; all places name the same bytes."""
    problems = []
    for image in known_as:
        for place in _places(image, folder):
            try:
                return open_image(image.model_copy(update={"path": str(place)}))
            except ImageFileError as error:
                problems.append(error)
    raise problems[0]


def _places(image: ImageRecord, folder: Path | None) -> Iterator[Path]:
    """Where the file may be: files of its name below the folder, then where it was."""
    if folder is not None:
        # Nothing above the folder is looked at, whatever an answer file says.
        parts = [part for part in SEPARATORS.split(image.path) if part not in ("", ".", "..")]
        ends = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
        yield from (end for end in ends if end.is_file())
    yield Path(image.path)


def _made_ready(sha256: str, image: "Image", waiting: Path) -> ReadyImage:
    png = _plain_png(image)
    file = waiting / f"{sha256}.png"
    file.write_bytes(png)
    facts = ImageFacts(sha256, *image.size, hashlib.sha256(png).hexdigest())
    return ReadyImage(facts, file)


def _plain_png(image: "Image") -> bytes:
    # Otherwise colour profile and transparent colour would go along, and change what is seen.
    image.info.clear()
    written = BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _refusal(missing: Sequence[tuple[QuestionRecord, ImageFileError]]) -> StudyError:
    question, error = missing[0]
    count = "1 image" if len(missing) == 1 else f"{len(missing)} images"
    which = "It belongs" if len(missing) == 1 else "The first belongs"
    return StudyError(
        f"{count} cannot be shown to raters, so nothing was stored. {which} to question "
        f"{question.question_id!r} of set {question.dataset!r}: {error}. Put the file back as it "
        "was, or name the folder that the images are in now with --images."
    )
