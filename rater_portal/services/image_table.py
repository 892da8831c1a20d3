"""Which images each unit shows, as a table that leaves the portal.

Apart from the images themselves: a server of raters has no use for tables.
"""

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd
from sqlmodel import Session, col, select

from rater_portal.models import Unit
from rater_portal.services.permissions import study_for

IMAGE_COLUMNS: Final = (
    "unit_id",
    "dataset",
    "question_id",
    "purpose",
    "slot",
    "number",
    "sha256",
    "width",
    "height",
    "png_sha256",
)


def images(session: Session, *, study: str, asked_by: int | None = None) -> pd.DataFrame:
    """Which images each unit of a study shows, in the order of the screen.

    Raises
    ------
    StudyError, NotAllowedError
        As for `export.judgment_table`.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    units = select(Unit).where(Unit.study_id == row.id).order_by(col(Unit.id))
    rows = [shown for unit in session.exec(units) for shown in _shown_by(unit)]
    return pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))


def _shown_by(unit: Unit) -> Iterator[tuple[Any, ...]]:
    for panel in unit.panels:
        is_second = panel["slot"] == "B" and unit.question_2_id is not None
        question = unit.question_2_id if is_second else unit.question_id
        for number, shown in enumerate(panel.get("images", ()), start=1):
            yield (
                unit.unit_id,
                unit.dataset,
                question,
                unit.purpose,
                panel["slot"],
                number,
                shown["sha256"],
                shown["width"],
                shown["height"],
                shown["png_sha256"],
            )
