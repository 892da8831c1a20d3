"""Images of questions: each stored once, and which studies show it."""

from sqlmodel import Field

from rater_portal.models.fields import Table


class ShownImage(Table, table=True):
    """An image as the models were shown it, and as raters see it. Never changed or removed."""

    __tablename__ = "shown_image"

    sha256: str = Field(primary_key=True)
    """Digest of the file that the question came with: its name everywhere outside."""

    width: int
    height: int
    png: bytes
    """Upright RGB pixels and nothing else: no metadata of the file."""

    png_sha256: str
    """Digest of `png`."""


class StudyImage(Table, table=True):
    """That a study shows an image: its people may fetch it, and nobody else."""

    __tablename__ = "study_image"

    study_id: int = Field(foreign_key="study.id", primary_key=True)
    sha256: str = Field(foreign_key="shown_image.sha256", primary_key=True)
