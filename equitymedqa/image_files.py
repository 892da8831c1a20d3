"""Images that belong to questions: found beside the question file, looked at whole, digested."""

import hashlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from equitymedqa.records import ImageRecord

if TYPE_CHECKING:
    from PIL.Image import Image

SEPARATOR = ";"
"""Between the paths of several images of one question."""


class ImageFileError(ValueError):
    """A file that is not there, or is no image."""


def image_records(names: str, *, folder: Path) -> tuple[ImageRecord, ...]:
    """The images that a field of a question file names.

    Parameters
    ----------
    names
        One path or several, relative to the folder or absolute.
    folder
        Where the question file is.

    Raises
    ------
    ImageFileError
        If one of them cannot be read to its end.
    """
    paths = [folder / name.strip() for name in names.split(SEPARATOR) if name.strip()]
    return tuple(_record(path) for path in paths)


def _record(path: Path) -> ImageRecord:
    content = _content(path)
    _decoded(content, path)
    return ImageRecord(path=str(path), sha256=hashlib.sha256(content).hexdigest())


def located(images: Iterable[ImageRecord]) -> tuple[ImageRecord, ...]:
    """The same images by their whole paths, which hold in whatever folder a process runs."""
    return tuple(
        image.model_copy(update={"path": str(Path(image.path).absolute())}) for image in images
    )


def open_image(image: ImageRecord) -> "Image":
    """The image, upright and in colours, as it was when its record was made.

    Raises
    ------
    ImageFileError
        If it cannot be read, or has changed since.
    """
    return _decoded(image_content(image), Path(image.path))


def image_content(image: ImageRecord) -> bytes:
    """The bytes of the file, as they were when the image's record was made.

    Raises
    ------
    ImageFileError
        If it cannot be read, or has changed since.
    """
    content = _content(Path(image.path))
    if hashlib.sha256(content).hexdigest() != image.sha256:
        raise ImageFileError(f"{image.path} is another image than when the questions were loaded")
    return content


def _content(path: Path) -> bytes:
    try:
        # An answer file can name any path, and a pipe or a device may never come to an end.
        if not path.is_file():
            why = "it is no plain file" if path.exists() else "No such file or directory"
            raise ImageFileError(f"{path} cannot be read: {why}")
        return path.read_bytes()
    except OSError as error:
        raise ImageFileError(f"{path} cannot be read: {error.strerror}") from error


def _decoded(content: bytes, path: Path) -> "Image":
    # Late, because most question files have no images.
    from PIL import Image, ImageOps

    try:
        with Image.open(BytesIO(content)) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    # Pillow's readers let through what their formats' parsers raise.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageFileError(f"{path} is no image that can be read whole: {error}") from error
