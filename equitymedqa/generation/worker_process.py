"""The far side of one worker: a process with a device of its own that answers what it is sent."""

import faulthandler
import os
import signal
from collections.abc import Sequence, Set
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from equitymedqa.generation.engine import Answered, Engine, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity
from equitymedqa.generation.lead import EngineFactory
from equitymedqa.records import Decoding


class Batch(NamedTuple):
    """What a worker is sent: one batch to answer."""

    requests: Sequence[Request]
    wanted: Set[str]
    decoding: Decoding


class Introduction(NamedTuple):
    """The first that is heard of a worker."""

    identity: ModelIdentity
    device_name: str


class Ready(NamedTuple):
    """The weights are loaded, or the batch is done: the worker waits for the next one."""


class Tokens(NamedTuple):
    """So many tokens were written since."""

    n: int


class Answers(NamedTuple):
    """Some of the batch, to be made durable."""

    group: list[Answered]


class Failure(NamedTuple):
    """The worker ends; a predicate that says why."""

    words: str


Message = Introduction | Ready | Tokens | Answers | Failure


@dataclass(frozen=True)
class Post:
    """Where a worker works."""

    device: str
    threads: int
    """For arithmetic on CPU, where the workers share the cores."""

    last_words: Path
    """File that takes what the process says on standard error."""


def work(connection: Connection, make: EngineFactory, post: Post) -> None:
    """Answer batches until there is no one to answer to."""
    # Ctrl-C reaches the whole group of processes; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _redirect_errors(post.last_words)
    os.environ.setdefault("OMP_NUM_THREADS", str(post.threads))
    try:
        engine = make(device=post.device)
        connection.send(Introduction(engine.identity, engine.device_name))
        engine.load_weights()
        connection.send(Ready())
        while True:
            _answer(connection, engine, connection.recv())
    except GenerationError as error:
        connection.send(Failure(f"gave up: {error}"))
    except (EOFError, ConnectionError):
        # The parent is gone: what it did not take can only be made again.
        return


def _answer(connection: Connection, engine: Engine, batch: Batch) -> None:
    groups = engine.answers(
        [batch.requests],
        wanted=batch.wanted,
        decoding=batch.decoding,
        on_tokens=lambda count: connection.send(Tokens(count)),
    )
    for group in groups:
        connection.send(Answers(group))
    connection.send(Ready())


def _redirect_errors(path: Path) -> None:
    with path.open("ab") as file:
        os.dup2(file.fileno(), 2)
    faulthandler.enable()
