"""The results of a batch: rows of output and error files, joined by id and never by place.

OpenAI writes answers to one file and errors to another; `vllm run-batch` writes both to one.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from equitymedqa.generation.batch_files.plan_file import BatchJob
from equitymedqa.generation.claims import NOT_VERIFIED, AnsweringModel, within_limit
from equitymedqa.generation.engine import Answered, Completion, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity
from equitymedqa.generation.served.dialects import DIALECTS
from equitymedqa.generation.served.refusals import (
    error_code,
    error_words,
    failed,
    passing_kind,
    read_refusal,
)
from equitymedqa.generation.served.wire import MalformedReplyError, read_reply
from equitymedqa.generation.served.writer import MessageWriter
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, Reasoning, SystemPolicy

GROUP_SIZE = 256


class _Response(BaseModel):
    status_code: int | None
    """None where a vendor never came to the request."""

    body: object = None


class _Row(BaseModel):
    custom_id: str
    response: _Response | None = None
    error: object = None


class Place(NamedTuple):
    """Where a result stands."""

    path: Path
    offset: int
    is_answer: bool
    """Whether an answer can be read there, or the reason why there is none."""


@dataclass
class Results:
    """What result files hold, by place, so that a large batch does not fill the memory."""

    places: dict[str, Place] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    """Ids of no answer of the plan."""

    doubled: list[str] = field(default_factory=list)
    """Ids that came more than once: the first that was answered counts."""


def find_results(paths: Sequence[Path], known: Collection[str]) -> Results:
    """Where the results of a plan are.

    Raises
    ------
    GenerationError
        If a file cannot be read, or a line of it is no result; the message names the line.
    """
    results = Results()
    for path in paths:
        for offset, row in _rows(path):
            place = Place(path, offset, _completion(row).error is None)
            name = row.custom_id
            if name not in known:
                results.unknown.append(name)
                continue
            first = results.places.setdefault(name, place)
            if first is not place:
                results.doubled.append(name)
                if place.is_answer and not first.is_answer:
                    results.places[name] = place
    return results


class ResultsEngine:
    """An engine whose answers were made elsewhere and lie in files.

    Parameters
    ----------
    batch
        How they were asked for.
    """

    def __init__(self, batch: BatchJob, results: Results) -> None:
        self._batch = batch
        self._results = results
        self.recall(frozenset())

    @property
    def identity(self) -> ModelIdentity:
        """What the model is, as far as it was known when the batch was written."""
        return self._batch.identity

    @property
    def device_name(self) -> str:
        """Where it ran, for the manifest."""
        return "elsewhere, by batch files"

    @property
    def context_length(self) -> int | None:
        """Not known."""
        return None

    def prompt_writer(
        self, prompt: Prompt, *, system: SystemPolicy = "native", reasoning: Reasoning = "default"
    ) -> MessageWriter:
        """Writes prompts as those of the batch were written."""
        dialect = DIALECTS[self._batch.dialect]
        return MessageWriter(prompt, form=self._batch.prompt_form, dialect=dialect)

    def batches(
        self, requests: Sequence[Request], *, decoding: Decoding, size: int | None
    ) -> list[list[Request]]:
        """Each request by itself, of those that have a result: the others may get one later."""
        return [[request] for request in requests if request.key in self._results.places]

    def recall(self, names: Set[str]) -> None:
        """Told under which names the model answered before, in the file that is to be filled."""
        self._model = AnsweringModel(self._batch.identity.model, before=names)

    def result(self, place: Place) -> Completion:
        """The answer at a place, if it is one of the model that was asked, as it was asked."""
        answer = self._model.borne_out(read_result(place))
        return within_limit(answer, self._batch.decoding.max_new_tokens)

    def load_weights(self) -> None:
        """Nothing: all is answered."""

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """The answers that are there."""
        places = self._results.places
        keys = [one.key for batch in batches for one in batch if one.key in wanted]
        for start in range(0, len(keys), GROUP_SIZE):
            group = [
                Answered(key, self.result(places[key])) for key in keys[start : start + GROUP_SIZE]
            ]
            on_tokens(sum(one.completion.n_output_tokens for one in group))
            yield group


def read_result(place: Place) -> Completion:
    """The answer that stands at a place, or the reason why there is none."""
    with place.path.open("rb") as file:
        file.seek(place.offset)
        row = _parsed(file.readline(), place=str(place.path))
    # Nobody was there to see whether temperature and seed were honoured.
    completion = _completion(row)
    return replace(completion, reported={"settings": NOT_VERIFIED, **completion.reported})


def _rows(path: Path) -> Iterator[tuple[int, _Row]]:
    offset = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield offset, _parsed(line, place=f"{path}, line {number}")
                offset += len(line)
    except OSError as error:
        raise GenerationError(f"{path} cannot be read: {error.strerror}") from error


def _parsed(line: bytes, *, place: str) -> _Row:
    try:
        return _Row.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the line"
        raise GenerationError(f"{place} is no result of a batch: {key}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise GenerationError(
            f"{place} is no result of a batch: it is no JSON; fetch the file again"
        ) from error


def _completion(row: _Row) -> Completion:
    if row.response is not None and row.response.status_code == 200 and not row.error:
        try:
            return read_reply(row.response.body)
        except MalformedReplyError as error:
            return failed("unavailable", f"the result is not whole: {error}")
    content = (row.response.body if row.response else None) or row.error
    status = row.response.status_code if row.response else None
    if status is None or status == 200:
        # As of a batch that expired: the request itself was never refused.
        return failed(
            "unavailable", f"the batch left it out ({error_code(content)}): {error_words(content)}"
        )
    if kind := passing_kind(status):
        return failed(kind, f"the server failed ({status}): {error_words(content)}")
    return read_refusal(status, content)
