"""Everything that leaves the portal, as files: one table at a time, or all of them in a folder."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pandas as pd
from sqlmodel import Session

from analysis.table import write_table
from rater_portal.errors import StudyError
from rater_portal.services.check_table import checks
from rater_portal.services.codebook import TABLES, WITH_IMAGES, codebook, items
from rater_portal.services.decisions import adjudicated
from rater_portal.services.export import judgment_table, revisions
from rater_portal.services.image_table import images
from rater_portal.services.images import image_digests, study_image
from rater_portal.services.permissions import study_for
from rater_portal.services.studies import rubrics_of
from rater_portal.services.supplements import marks, skips

TITLES: Final[Mapping[str, str]] = {
    "judgments": "Judgments",
    "revisions": "Revisions",
    "marks": "Marked passages",
    "skips": "Skips",
    "checks": "Checks",
    "adjudications": "Adjudications",
    "items": "Items and codes",
    "codebook": "Codebook",
    "images": "Images of questions",
}
"""What each file is called where people read of it."""

OF_IMAGES: Final = "images.csv"
FILES: Final = (
    "judgments.parquet",
    *(name for name in map("{}.csv".format, TITLES) if name != OF_IMAGES),
)
"""What every study has; one whose questions show images has a file about them too."""


Table = Callable[..., pd.DataFrame]
BESIDE: Final[Mapping[str, Table]] = {
    "revisions": revisions,
    "marks": marks,
    "skips": skips,
    "checks": checks,
    "adjudications": adjudicated,
    "images": images,
}


def files_of(session: Session, *, study: str, asked_by: int | None = None) -> tuple[str, ...]:
    """Names of all files that a study has.

    Raises
    ------
    StudyError, NotAllowedError
        As for `export.judgment_table`.
    """
    digests = image_digests(session, study=study, asked_by=asked_by)
    return (*FILES, OF_IMAGES) if digests else FILES


def export_folder(
    session: Session, *, study: str, folder: Path, asked_by: int | None = None
) -> list[Path]:
    """Write every table of a study with its codebook into a folder, over files of these names.

    The images that its questions show go into a folder `images` there, as raters got them.

    Returns
    -------
    the tables

    Raises
    ------
    StudyError, NotAllowedError
        As for `export.judgment_table`.
    """
    names = files_of(session, study=study, asked_by=asked_by)
    written = [_write(session, study, folder / name, asked_by) for name in names]
    for sha256 in image_digests(session, study=study, asked_by=asked_by):
        png = study_image(session, study=study, sha256=sha256, asked_by=asked_by)
        with _whole(folder / "images" / f"{sha256}.png") as unfinished:
            unfinished.write_bytes(png)
    return written


def table_file(session: Session, *, study: str, name: str, asked_by: int | None = None) -> bytes:
    """One of the files, for who may have it.

    Parameters
    ----------
    name
        One of `files_of` the study.

    Raises
    ------
    StudyError
        If there is no such file, no such study, or nothing was judged yet.
    NotAllowedError
        As for `export.judgment_table`.
    """
    known = files_of(session, study=study, asked_by=asked_by)
    if name not in known:
        raise StudyError(f"There is no file {name!r}. Known: {', '.join(known)}.")
    with tempfile.TemporaryDirectory() as folder:
        return _write(session, study, Path(folder) / name, asked_by).read_bytes()


def _write(session: Session, study: str, path: Path, asked_by: int | None) -> Path:
    if path.stem == "judgments":
        return write_table(judgment_table(session, study=study, asked_by=asked_by), path)
    frame = _frame(session, study, path.stem, asked_by)
    with _whole(path) as unfinished:
        frame.to_csv(unfinished, index=False, lineterminator="\n")
    return path


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Where to write a file first: whoever breaks off leaves the old one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    yield unfinished
    unfinished.replace(path)


def _frame(session: Session, study: str, name: str, asked_by: int | None) -> pd.DataFrame:
    if name in BESIDE:
        return BESIDE[name](session, study=study, asked_by=asked_by)
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    if name == "items":
        return items(rubrics_of(session, row.id).values())
    has_images = image_digests(session, study=study, asked_by=asked_by)
    return codebook(WITH_IMAGES if has_images else TABLES)
