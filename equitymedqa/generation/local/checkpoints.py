"""From the name of a model to its files and to what exactly they are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, resolve_revision, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    RevisionResolutionError,
)

from equitymedqa.fields import storable
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import folder_digest
from equitymedqa.generation.local.embedded import MODEL_NAME, embedded_checkpoint

EMBEDDED = "embedded"
WEIGHT_PATTERNS = ("*.safetensors", "*.bin")
OTHER_PATTERNS = ("*.json", "*.jinja", "*.model", "*.txt")


@dataclass(frozen=True)
class Checkpoint:
    """Where a model's files are, and which they are."""

    name: str
    """As people know it: the hub id, or the name of the folder."""

    folder: Path
    revision: str
    """Commit of the hub, or digest of the local files."""

    argument: str = ""
    """As it was asked for, folder and revision and all."""


def find_checkpoint(model: str, note: Callable[[str], None]) -> Checkpoint:
    """The checkpoint that a name means now.

    Parameters
    ----------
    model
        `embedded`, a local folder, or a hub id, which may end in `@` and a revision.
    note
        Told in one line before anything that takes long.

    Raises
    ------
    GenerationError
        If there is no such model or it cannot be reached.
    """
    if model == EMBEDDED:
        folder = embedded_checkpoint(note)
        return Checkpoint(MODEL_NAME, folder, folder_digest(folder), model)

    folder = Path(model).expanduser()
    if folder.is_dir():
        # Whole, because files are read later as well, and maybe by a process in another folder.
        folder = folder.resolve()
        return Checkpoint(storable(folder.name), folder, folder_digest(folder), str(folder))
    # A revision may hold slashes, as refs/pr/1 does.
    hub_id, _, wanted = model.partition("@")
    if model.startswith((".", "/", "~")) or hub_id.count("/") != 1:
        raise GenerationError(
            f"model {model!r} is no folder here, and no hub id either, which would look like "
            f"'owner/name'; {EMBEDDED!r} is the small model that comes with the installation"
        )

    try:
        commit = resolve_revision(hub_id, revision=wanted or None).resolved
        note(f"Fetching {hub_id} at {commit[:12]}, unless it is here ...")
        folder = _fetch(hub_id, commit)
    except (OSError, HFValidationError, RevisionResolutionError) as error:
        raise GenerationError(f"model {model!r}: {_way_out(hub_id, error)}") from error
    return Checkpoint(hub_id, folder, commit, f"{hub_id}@{commit}")


def _fetch(hub_id: str, commit: str) -> Path:
    # Folders and `consolidated` files hold the same weights once more, in other formats.
    for weights in WEIGHT_PATTERNS:
        folder = Path(
            snapshot_download(
                hub_id,
                revision=commit,
                allow_patterns=[*OTHER_PATTERNS, weights],
                ignore_patterns=["*/*", "consolidated*"],
            )
        )
        if any(folder.glob(weights)):
            return folder
    raise GenerationError(f"model {hub_id!r} has no weights that transformers reads")


def _way_out(model: str, error: BaseException) -> str:
    if isinstance(error, GatedRepoError):
        page = f"{constants.ENDPOINT}/{model}"
        return f"its licence must be accepted first, at {page}; then sign in with `hf auth login`"
    if isinstance(error, RepositoryNotFoundError):
        return (
            "the hub has no model of this name that you may read; check the spelling, or sign in "
            "with `hf auth login` if it is private"
        )
    if isinstance(error, RevisionNotFoundError):
        return "the hub has the model but not this revision"
    if isinstance(error, HFValidationError):
        return f"this is no hub id: {error}"
    if constants.HF_HUB_OFFLINE:
        return (
            "it is not among the downloaded models, and HF_HUB_OFFLINE forbids to fetch it; "
            "download it first, or name a local folder"
        )
    if isinstance(error, RevisionResolutionError | HfHubHTTPError | ConnectionError):
        return (
            "it is not among the downloaded models and the hub cannot be reached; check the "
            f"network, or name a local folder ({error})"
        )
    return str(error)
