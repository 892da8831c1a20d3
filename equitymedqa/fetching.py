"""Get a published question set from the Hugging Face hub, at one pinned revision."""

import hashlib
import tempfile
from pathlib import Path

from equitymedqa.catalog import REPOSITORY, REVISION, CatalogEntry, find_set


class FetchError(RuntimeError):
    """A set could not be fetched; the message says how to put its file in place by hand."""


def fetch_set(
    name: str,
    *,
    folder: Path | None = None,
    progress: bool = True,
    endpoint: str | None = None,
) -> Path:
    """Download the file of a published set, unless it is there already.

    Parameters
    ----------
    name
        A name of the catalogue. For our own sample, which is never fetched, its path is returned.
    folder
        Where to put the file; by default `$EQUITYMEDQA_DATA` or the user's cache folder.
    progress
        Whether to draw a progress bar on standard error.
    endpoint
        Base address of the hub; by default `$HF_ENDPOINT` or the public one.

    Returns
    -------
    the path of the file
        Its content is the released one, byte for byte, where the release's digest is known.

    Raises
    ------
    UnknownSetError
        If the catalogue has no such set.
    FetchError
        If the hub cannot be reached or its file is not the released one. Nothing is left behind.
    """
    entry = find_set(name)
    target = entry.path(folder)
    if entry.bundled or target.exists():
        return target

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Downloaded beside its place and then renamed: a file that is there is always whole.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as workplace:
            downloaded = _download(entry, Path(workplace), progress, endpoint, target)
            _verify(entry, downloaded, target)
            downloaded.replace(target)
    except OSError as error:
        found = f"{target.parent} cannot be written: {error.strerror}"
        raise FetchError(f"{found}. Name another folder, or set EQUITYMEDQA_DATA") from error
    return target


def _download(
    entry: CatalogEntry, workplace: Path, progress: bool, endpoint: str | None, target: Path
) -> Path:
    # httpx2 is what huggingface_hub speaks HTTP with; it lets some of its errors through.
    import httpx2
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.utils.tqdm import silent_tqdm

    url = hf_hub_url(
        REPOSITORY, entry.file, repo_type="dataset", revision=REVISION, endpoint=endpoint
    )
    try:
        # Asked once first: the download itself tries an absent network for half a minute.
        # The set is public, so no account's token is looked for or sent.
        get_hf_file_metadata(url, token=False)
        path = hf_hub_download(
            REPOSITORY,
            entry.file,
            repo_type="dataset",
            revision=REVISION,
            endpoint=endpoint,
            local_dir=workplace,
            token=False,
            tqdm_class=None if progress else silent_tqdm,
        )
    except (httpx2.HTTPError, OSError) as error:
        found = f"could not be fetched ({_reason(error)})"
        raise FetchError(_by_hand(entry, target, found)) from error
    return Path(path)


def _verify(entry: CatalogEntry, downloaded: Path, target: Path) -> None:
    digest = hashlib.sha256(downloaded.read_bytes()).hexdigest()
    if entry.sha256 and digest != entry.sha256:
        found = f"is not the released file: its SHA-256 is {digest}, not {entry.sha256}"
        raise FetchError(_by_hand(entry, target, found))


def _by_hand(entry: CatalogEntry, target: Path, found: str) -> str:
    return (
        f"{entry.title} {found}.\n"
        f"On a machine with network access, download {entry.url}\n"
        f"and put it, named {target.name}, into {target.parent}"
    )


def _reason(error: Exception) -> str:
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {str(cause).splitlines()[0] if str(cause) else 'no details'}"
