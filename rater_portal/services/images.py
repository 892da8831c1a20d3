"""Images that a study shows: for its people, and whether they are what they were."""

import hashlib
from collections.abc import Iterator

from sqlmodel import Session, col, select

from rater_portal.errors import NotAllowedError
from rater_portal.models import ShownImage, StudyImage, Unit
from rater_portal.services.permissions import NOT_YOURS, study_for


def study_image(session: Session, *, study: str, sha256: str, asked_by: int | None = None) -> bytes:
    """An image of a study, as a PNG without metadata.

    Parameters
    ----------
    sha256
        Digest of the file that the question came with.

    Raises
    ------
    NotAllowedError
        If the caller is nobody of this study, or the study does not show it; which, is not said.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="see_images")
    png = session.exec(
        select(ShownImage.png)
        .join(StudyImage, col(StudyImage.sha256) == col(ShownImage.sha256))
        .where(StudyImage.study_id == row.id, ShownImage.sha256 == sha256)
    ).one_or_none()
    if png is None:
        raise NotAllowedError(NOT_YOURS)
    return png


def image_digests(session: Session, *, study: str, asked_by: int | None = None) -> list[str]:
    """Digests of all images that a study shows, in their own order.

    Raises
    ------
    StudyError, NotAllowedError
        As for `export.judgment_table`.
    """
    row = study_for(session, study=study, asked_by=asked_by, action="take_table")
    shown = select(StudyImage.sha256).where(StudyImage.study_id == row.id)
    return list(session.exec(shown.order_by(col(StudyImage.sha256))))


def altered_images(session: Session, study_id: int) -> Iterator[str]:
    """Images that are not what units say was shown, a sentence each."""
    try:
        told = _told_images(session, study_id)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        yield f"What units show cannot be read: {error!r}."
        return
    for sha256, png_sha256 in sorted(told):
        shown = select(ShownImage.png).where(ShownImage.sha256 == sha256)
        png = session.exec(shown).one_or_none()
        if png is None:
            yield f"The image {sha256} is gone."
        elif hashlib.sha256(png).hexdigest() != png_sha256:
            yield f"The image {sha256} is not the one that was shown."


def _told_images(session: Session, study_id: int) -> set[tuple[str, str]]:
    """Digests of each image that units show: of its file, and of what raters get."""
    return {
        (shown["sha256"], shown["png_sha256"])
        for panels in session.exec(select(Unit.panels).where(Unit.study_id == study_id))
        for panel in panels
        for shown in panel.get("images", ())
    }
