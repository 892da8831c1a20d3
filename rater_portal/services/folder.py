"""Everything that leaves the portal, as files: one table at a time, or all of them in a folder."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pandas as pd
from sqlmodel import Session

from analysis.table import write_table
from rater_portal.errors import StudyError
from rater_portal.services.check_table import checks
from rater_portal.services.codebook import codebook, items
from rater_portal.services.decisions import adjudicated
from rater_portal.services.export import judgment_table, revisions
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
}
"""What each file is called where people read of it."""

FILES: Final = ("judgments.parquet", *(f"{name}.csv" for name in TITLES))

Table = Callable[..., pd.DataFrame]
BESIDE: Final[Mapping[str, Table]] = {
    "revisions": revisions,
    "marks": marks,
    "skips": skips,
    "checks": checks,
    "adjudications": adjudicated,
}


def export_folder(
    session: Session, *, study: str, folder: Path, asked_by: int | None = None
) -> list[Path]:
    """Write every table of a study with its codebook into a folder, over files of these names.

    Raises
    ------
    StudyError, NotAllowedError
        As for `export.judgment_table`.
    """
    return [_write(session, study, folder / name, asked_by) for name in FILES]


def table_file(session: Session, *, study: str, name: str, asked_by: int | None = None) -> bytes:
    """One of the files, for who may have it.

    Parameters
    ----------
    name
        One of `FILES`.

    Raises
    ------
    StudyError
        If there is no such file, no such study, or nothing was judged yet.
    NotAllowedError
        As for `export.judgment_table`.
    """
    if name not in FILES:
        raise StudyError(f"There is no file {name!r}. Known: {', '.join(FILES)}.")
    with tempfile.TemporaryDirectory() as folder:
        return _write(session, study, Path(folder) / name, asked_by).read_bytes()


def _write(session: Session, study: str, path: Path, asked_by: int | None) -> Path:
    if path.stem == "judgments":
        return write_table(judgment_table(session, study=study, asked_by=asked_by), path)
    frame = _frame(session, study, path.stem, asked_by)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside it first: whoever breaks off leaves the old file or the new one, never half of one.
    unfinished = path.with_name(f".{path.name}.unfinished")
    frame.to_csv(unfinished, index=False, lineterminator="\n")
    return unfinished.replace(path)


def _frame(session: Session, study: str, name: str, asked_by: int | None) -> pd.DataFrame:
    if name in BESIDE:
        return BESIDE[name](session, study=study, asked_by=asked_by)
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    return codebook() if name == "codebook" else items(rubrics_of(session, row.id).values())
