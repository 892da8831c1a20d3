"""Small images of questions for tests, with all that a camera writes beside its pixels."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms
from sqlalchemy import Engine
from sqlmodel import Session

from equitymedqa.records import AnswerRecord, ImageRecord
from rater_portal.services.intake import StudySummary, create_study
from tests.studies import protocol, tiny_answers, write_answers

PATIENT = "Maria Canary-Patient"
"""What no rater's browser may ever get."""

ORIENTATION, DESCRIPTION, GPS = 0x0112, 0x010E, 0x8825
TURNED = 6
"""The camera was held upright: what it wrote as lines are columns."""


def photograph(path: Path, *, shade: int = 0, size: tuple[int, int] = (40, 24)) -> ImageRecord:
    """A photograph that lies on its side, with its patient's name and place; `size` is upright."""
    image = Image.new("RGB", size[::-1], (shade, 90, 200))
    image.paste((250, 255 - shade, 10), (0, 0, size[1] // 2, size[0] // 3))
    exif = Image.Exif()
    exif[ORIENTATION], exif[DESCRIPTION] = TURNED, PATIENT
    exif[GPS] = {1: "N", 2: (4.0, 5.0, 6.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "JPEG", exif=exif, icc_profile=profile, comment=PATIENT.encode())
    return recorded(path)


def recorded(path: Path) -> ImageRecord:
    """A file as a question file's reader records it."""
    return ImageRecord(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def showing(answers: Iterable[AnswerRecord], *images: ImageRecord) -> list[AnswerRecord]:
    """The answers, to questions that show these images."""
    return [
        one.model_copy(update={"question": one.question.model_copy(update={"images": images})})
        for one in answers
    ]


def seeing_study(
    engine: Engine, folder: Path, *images: ImageRecord, name: str = "tiny", **how: Any
) -> StudySummary:
    """A study of one question that shows these images, as single units and as a pair."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = write_answers(folder, showing(tiny_answers(n_questions=1, n_pairs=0), *images))
    design = protocol(rubrics=("independent", "pairwise"))
    with Session(engine) as session:
        return create_study(session, protocol=design, answers=paths, name=name, **how)
