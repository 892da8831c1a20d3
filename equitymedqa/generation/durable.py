"""Names that files are given for good: on the disk, in the order in which they were given."""

import os
from contextlib import suppress
from pathlib import Path


def rename_durably(path: Path, target: Path) -> None:
    """Rename a file, over another one if there is one, and return once that is on the disk."""
    path.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Return once the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some network drives refuse it for folders and keep the order by themselves.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
