"""What an answer depends on, as digests: the same digests, the same answer.

A name such as `main` or a folder can come to mean other weights, so no name enters a digest.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from equitymedqa.generation.errors import GenerationError
from equitymedqa.records import Decoding, QuestionRecord

WEIGHT_SUFFIXES = (".safetensors", ".bin", ".gguf")
# What decides, beside the weights, which function they compute, where an answer ends and what a
# model sees of an image.
CONFIGURATION_FILES = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
)


@dataclass(frozen=True)
class ModelIdentity:
    """A model made ready to answer, down to the bytes and the arithmetic."""

    model: str
    """As people know it; for display, never part of a digest."""

    revision: str
    """Commit of the hub, or digest of the local files."""

    template_sha256: str | None
    tokenizer_sha256: str | None
    """None where a server keeps it to itself."""

    stop_ids: tuple[int, ...]
    """Tokens that end an answer; none where a server knows them."""

    engine: str
    dtype: str
    attention: str
    arguments: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What `prepare_engine` was given, to make the same engine again; never part of a digest, and
    no secret among them."""

    def __post_init__(self) -> None:
        """Refuse a model that answers could not be named for."""
        if not self.short_name.strip():
            raise GenerationError(
                f"{self.model!r} is no name to know a model's answers by; give it another one"
            )

    @property
    def short_name(self) -> str:
        """The model's name without its owner, or without the folders of its path."""
        return self.model.rstrip("/").rsplit("/", 1)[-1]


def digest(value: object) -> str:
    """SHA-256 of a value in its only JSON spelling: sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """Digest of a local model: every byte of its weights and its configuration.

    All bytes are read at every start, because size and date of a file can stay when its content
    changes. The files are read side by side.

    Raises
    ------
    GenerationError
        If the folder holds no weights, or one of the files cannot be read.
    """
    try:
        weights = sorted(path for path in folder.iterdir() if _holds_weights(path))
        if not weights:
            raise GenerationError(
                f"{folder} holds no model: no file there ends in {', '.join(WEIGHT_SUFFIXES)}"
            )
        configuration = [folder / name for name in CONFIGURATION_FILES]
        paths = weights + [path for path in configuration if path.is_file()]
        with ThreadPoolExecutor(max_workers=4) as pool:
            digests = list(pool.map(file_sha256, paths))
    except OSError as error:
        raise GenerationError(
            f"{error.filename or folder} cannot be read: {error.strerror}. It belongs to the model "
            f"in {folder}: fetch the model again, or correct the link"
        ) from error
    return "sha256:" + digest([[path.name, sha] for path, sha in zip(paths, digests, strict=True)])


def _holds_weights(path: Path) -> bool:
    # A link to nowhere as well: to leave it out would be to load half a model.
    return path.suffix in WEIGHT_SUFFIXES and not path.is_dir()


def tokens_digest(ids: Sequence[int]) -> str:
    """Digest of a rendered prompt."""
    return digest(list(ids))


def answer_id(
    question: QuestionRecord,
    *,
    identity: ModelIdentity,
    prompt_sha256: str,
    decoding: Decoding,
    seed: int,
    answer_index: int = 0,
) -> str:
    """Hash of all that could change the answer.

    Batch size, device and library versions are left out: in float32 they do not change an
    answer, and a job must be able to go on where memory is smaller. They are in the record and
    in the manifest.
    """
    return digest(
        {
            "question": [question.question_id, question.dataset, question.text],
            "images": [image.sha256 for image in question.images],
            "prompt": prompt_sha256,
            "template": identity.template_sha256,
            "tokenizer": identity.tokenizer_sha256,
            "weights": identity.revision,
            "stop_ids": list(identity.stop_ids),
            "engine": identity.engine,
            "dtype": identity.dtype,
            "attention": identity.attention,
            "decoding": decoding.model_dump(mode="json"),
            "seed": seed,
            "answer_index": answer_index,
        }
    )


def row_seed(seed: int, question: QuestionRecord, *, answer_index: int = 0) -> int:
    """A seed of 64 bits for one answer, the same in whatever batch it is made."""
    parts = [seed, question.dataset, question.question_id, answer_index]
    return int(digest(parts)[:16], 16)
