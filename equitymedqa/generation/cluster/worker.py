"""What runs on the nodes: an engine, prepared once, that answers one batch after the other."""

import os
import pickle
import socket
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from traceback import format_exception, print_exception
from types import TracebackType
from typing import NamedTuple, TypedDict

from equitymedqa.generation.cluster.journal import Begun, Died, Entry, Journal, Written
from equitymedqa.generation.engine import Engine, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity
from equitymedqa.generation.lead import EngineFactory, last_words, refuse_another_model
from equitymedqa.records import Decoding

MOST_STARTS = 3


class Order(NamedTuple):
    """What all workers of one start of a job are told."""

    make: EngineFactory
    device: str | None
    identity: ModelIdentity
    decoding: Decoding
    folder: Path
    run: str


class Row(TypedDict):
    """One batch, as Ray carries it."""

    requests: bytes


class Outcome(TypedDict):
    """What became of a batch: the answers themselves are in the journal."""

    n_tokens: int
    failure: str
    """Why it was not answered; empty if it was."""


def row_of(batch: Sequence[Request]) -> Row:
    """A batch, to be sent to a worker."""
    return Row(requests=pickle.dumps(list(batch)))


class ClusterWorker:
    """Answers batches; Ray makes one an actor.

    What Ray tries again after a worker's death is not made twice, because whoever takes a batch
    looks into the journal first. A batch over which worker after worker dies is given up, and at
    once where the worker could say what it died of.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._journal = Journal(order.folder)
        self._done: set[str] = set()
        self._starts: Counter[str] = Counter()
        self._deaths: dict[str, str] = {}
        """By key of a batch's first request: the last words of the worker that met it."""

        self._engine: Engine | None = None

    def __call__(self, row: Row) -> Outcome:
        """Answer a batch and write that down, or say why not."""
        batch: list[Request] = pickle.loads(row["requests"])
        try:
            with ExitStack() as at_the_end:
                at_the_end.push(partial(self._die_of_a_bug, batch))
                return self._answer(batch)
        except GenerationError as error:
            return Outcome(n_tokens=0, failure=f"{_name()} gave up: {error}")

    def _answer(self, batch: list[Request]) -> Outcome:
        self._look()
        if all(one.key in self._done for one in batch):
            return Outcome(n_tokens=0, failure="")
        if words := self._deaths.get(batch[0].key):
            return Outcome(n_tokens=0, failure=words)
        if self._starts[batch[0].key] >= MOST_STARTS:
            raise GenerationError(
                f"{MOST_STARTS} workers died over the batch of {batch[0].prompt.text[:60]!r} ..."
            )
        engine = self._ready_engine()
        self._journal.add([Begun(run=self._order.run, batch=batch[0].key)])
        n_tokens = 0
        groups = engine.answers(
            [batch],
            wanted={one.key for one in batch} - self._done,
            decoding=self._order.decoding,
            on_tokens=lambda count: None,
        )
        for group in groups:
            self._journal.add(
                Written(key=key, completion=completion)
                for key, completion in group
                if key not in self._done
            )
            n_tokens += sum(completion.n_output_tokens for _, completion in group)
        return Outcome(n_tokens=n_tokens, failure="")

    def _look(self) -> None:
        for entry in self._journal.news():
            self._count(entry)

    def _count(self, entry: Entry) -> None:
        if isinstance(entry, Written):
            self._done.add(entry.key)
        elif entry.run == self._order.run and isinstance(entry, Died):
            self._deaths[entry.batch] = entry.words
        elif entry.run == self._order.run:
            self._starts[entry.batch] += 1

    def _ready_engine(self) -> Engine:
        if self._engine is None:
            engine = self._order.make(device=self._order.device)
            refuse_another_model(engine.identity, self._order.identity, place="its model")
            engine.load_weights()
            self._engine = engine
        return self._engine

    def _die_of_a_bug(
        self,
        batch: Sequence[Request],
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process over an error that nobody foresaw, its words left in the journal.

        Ray would let it live; but a GPU may be of no use to a process after such an error, which
        would then fail one batch after the other. Ray starts another one in its place.
        """
        if not isinstance(error, Exception) or isinstance(error, GenerationError):
            return
        print_exception(error)
        words = f"{_name()} {last_words('exit code 1', ''.join(format_exception(error)))}"
        self._journal.add([Died(run=self._order.run, batch=batch[0].key, words=_storable(words))])
        os._exit(1)


def _name() -> str:
    return f"the worker on {socket.gethostname()}"


def _storable(words: str) -> str:
    return words.encode(errors="replace").decode()
