"""Several devices of this machine at one job: a process each, one batch of the job at a time.

The batches are those of the whole job, whatever the number of devices, and only the process that
started the job writes to the answer file. So nothing is to be joined at the end, and a job can go
on with other devices than it began with.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from equitymedqa.generation.engine import Answered, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.lead import (
    EngineFactory,
    LedEngine,
    last_words,
    obituary,
    refuse_another_model,
)
from equitymedqa.generation.worker_process import (
    Answers,
    Batch,
    Failure,
    Introduction,
    Message,
    Post,
    Tokens,
    work,
)
from equitymedqa.records import Decoding

JOIN_S = 5.0


class DeviceWorkers(LedEngine):
    """One engine a device, each in a process of its own.

    Parameters
    ----------
    make
        Makes the engine of one device.
    devices
        `cpu`, `cuda:0`, ...; all of one kind, because the kind decides the arithmetic.
    """

    def __init__(self, make: EngineFactory, devices: Sequence[str]) -> None:
        super().__init__(make(device=devices[0]))
        self._make = make
        self._devices = devices
        self._workers: list[_Worker] = []
        self._folder = TemporaryDirectory(prefix="equitymedqa-workers-")

    @property
    def device_name(self) -> str:
        """What the workers run on, for the manifest."""
        return ", ".join(worker.name or worker.post.device for worker in self._workers) or (
            ", ".join(self._devices)
        )

    def load_weights(self) -> None:
        """Start a process for each device, unless they are running, and wait for all of them.

        Raises
        ------
        GenerationError
            If one of them cannot answer as the others do.
        """
        if self._workers:
            return
        with ExitStack() as unless_ready:
            unless_ready.callback(self.stop)
            for device in self._devices:
                self._workers.append(self._start(device))
            for worker in self._workers:
                self._await_ready(worker)
            unless_ready.pop_all()

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """Answer batches on whatever device is free; those of a device that fails are left out.

        Raises
        ------
        GenerationError
            At the end, if a worker died; the message has its last words.
        """
        self.load_weights()
        waiting = deque(
            Batch(batch, wanted & {one.key for one in batch}, decoding) for batch in batches
        )
        round_ = _Round(self._workers, waiting, wanted, on_tokens)
        is_over = False
        try:
            yield from round_.groups()
            is_over = not round_.dead
        finally:
            if not is_over:
                # Someone is in the middle of a batch that nobody waits for any more.
                self.stop()
        if round_.dead:
            raise GenerationError(round_.obituary())

    def stop(self) -> None:
        """End all processes, whatever they are doing."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(JOIN_S)
            worker.process.kill()
            worker.connection.close()
        self._workers = []

    def _start(self, device: str) -> "_Worker":
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        n_alike = sum(one.split(":")[0] == device.split(":")[0] for one in self._devices)
        post = Post(
            device,
            threads=max(1, (os.cpu_count() or 1) // n_alike),
            last_words=Path(self._folder.name) / f"{os.urandom(4).hex()}.txt",
        )
        process = context.Process(target=work, args=(there, self._make, post), daemon=True)
        process.start()
        # Only the worker may hold its end, or its death could not be heard.
        there.close()
        return _Worker(process, here, post)

    def _await_ready(self, worker: "_Worker") -> None:
        message = worker.hear()
        if isinstance(message, Introduction):
            refuse_another_model(message.identity, self.identity, place=worker.post.device)
            worker.name = message.device_name
            message = worker.hear()
        if isinstance(message, Failure):
            raise GenerationError(f"the worker on {worker.post.device} {message.words}")


@dataclass
class _Worker:
    """The near side of one worker."""

    process: BaseProcess
    connection: Connection
    post: Post
    name: str = ""
    n_tokens: int = 0
    """Written since the last answers came, and lost if it dies."""

    def hear(self) -> Message:
        """The next message; if the worker is dead, what is known of its end."""
        try:
            message: Message = self.connection.recv()
        except (EOFError, OSError):
            return Failure(self._last_words())
        return message

    def _last_words(self) -> str:
        self.process.join(JOIN_S)
        code = self.process.exitcode or 0
        end = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        path = self.post.last_words
        said = path.read_text(errors="replace") if path.exists() else ""
        return last_words(end, said)


@dataclass
class _Round:
    """The batches of one call on their way through the workers."""

    workers: Sequence[_Worker]
    waiting: deque[Batch]
    wanted: Set[str]
    on_tokens: Callable[[int], None]
    dead: list[str] = field(default_factory=list)
    n_answered: int = 0

    def groups(self) -> Iterator[list[Answered]]:
        """Answers as they come, until all batches are done or nobody is left to do them."""
        busy: dict[object, _Worker] = {
            worker.connection: worker for worker in self.workers if self._occupy(worker)
        }
        while busy:
            for connection in wait([worker.connection for worker in busy.values()]):
                worker = busy[connection]
                message = worker.hear()
                if isinstance(message, Answers):
                    yield self._counted(worker, message.group)
                elif not self._goes_on(worker, message):
                    del busy[connection]

    def obituary(self) -> str:
        """Who died how, and what there is to do."""
        told = obituary(self.dead, n_answered=self.n_answered, n_wanted=len(self.wanted))
        return f"{told}, on fewer devices if it happens again"

    def _goes_on(self, worker: _Worker, message: Message) -> bool:
        """Whether more is to be heard of a worker after this."""
        if isinstance(message, Tokens):
            self._count(worker, message.n)
        elif isinstance(message, Failure):
            self._count(worker, -worker.n_tokens)
            self.dead.append(f"the worker on {worker.post.device} {message.words}")
            return False
        return isinstance(message, Tokens) or self._occupy(worker)

    def _occupy(self, worker: _Worker) -> bool:
        if not self.waiting:
            return False
        try:
            worker.connection.send(self.waiting[0])
        except OSError:
            # It died between two batches, and will be heard of; the batch is for another one.
            return True
        self.waiting.popleft()
        return True

    def _counted(self, worker: _Worker, group: list[Answered]) -> list[Answered]:
        worker.n_tokens = 0
        self.n_answered += sum(answered.key in self.wanted for answered in group)
        return group

    def _count(self, worker: _Worker, n_tokens: int) -> None:
        worker.n_tokens += n_tokens
        self.on_tokens(n_tokens)
