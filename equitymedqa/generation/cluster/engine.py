"""Answers by many machines: Ray Data carries batches out, and counts back.

Each worker writes its answers down itself, in a folder that all nodes see, before it reports the
batch. So the death of a worker, of a node or of the command that started it all loses nothing
that was answered.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import asdict, replace
from pathlib import Path
from uuid import uuid4

from equitymedqa.generation.cluster.journal import Journal, answered
from equitymedqa.generation.cluster.ray_data import Cluster
from equitymedqa.generation.cluster.worker import Order, Outcome, row_of
from equitymedqa.generation.engine import Answered, Engine, Request
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity, digest
from equitymedqa.generation.lead import EngineFactory, LedEngine, obituary
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding

# Network drives show a new file to other machines after up to a minute.
PATIENCE_S = 90
# Batches that failed one after the other: then it is not they that are at fault.
MOST_IN_A_ROW = 16


class ClusterEngine(LedEngine):
    """One engine a worker, on the nodes of a Ray cluster.

    Parameters
    ----------
    lead
        One like those of the workers, which plans the job here and never answers.
    make
        Makes the engine of one worker, for a model that runs there. It is called in another
        folder, so a path in it must be whole.
    folder
        Where the workers write, on a disk that all nodes see: `journal_folder` of the job.
        Removed when the job is done.
    cluster
        Where, and by how many workers.
    device
        As for `make`; by default each worker chooses.
    """

    def __init__(
        self,
        lead: Engine,
        make: EngineFactory,
        *,
        folder: Path,
        cluster: Cluster,
        device: str | None = None,
    ) -> None:
        super().__init__(lead)
        self._make = make
        self._folder = folder.resolve()
        self._cluster = cluster
        self._device = device

    @property
    def device_name(self) -> str:
        """What the workers run on, for the manifest."""
        return f"Ray, {self._cluster.n_workers or 'all'} workers, each as {self._lead.device_name}"

    def load_weights(self) -> None:
        """The workers do this, each when its first batch comes."""

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """Take over what an earlier start left in the folder, then have the rest answered.

        Raises
        ------
        GenerationError
            At the end, if a batch could not be answered or its answers do not arrive here; and
            at once, if one batch after the other cannot be.
        """
        asked = {one.key for batch in batches for one in batch} & wanted
        journal = _Arrivals(Journal(self._folder), asked)
        if left := journal.take():
            yield left

        order = Order(
            self._make, self._device, self.identity, decoding, self._folder, run=uuid4().hex
        )
        missing = [batch for batch in batches if any(one.key in journal.missing for one in batch)]
        failures: list[str] = []
        n_in_a_row = 0
        for outcome in self._outcomes(order, missing):
            on_tokens(outcome["n_tokens"])
            if group := journal.take():
                yield group
            n_in_a_row = n_in_a_row + 1 if outcome["failure"] else 0
            if outcome["failure"]:
                failures.append(outcome["failure"])
            if n_in_a_row == MOST_IN_A_ROW:
                break
        if failures:
            n_answered = len(asked) - len(journal.missing)
            ends = dict.fromkeys(failures)
            raise GenerationError(obituary(ends, n_answered=n_answered, n_wanted=len(asked)))
        yield from journal.stragglers(self._folder)
        shutil.rmtree(self._folder)

    def _outcomes(self, order: Order, batches: Sequence[Sequence[Request]]) -> Iterator[Outcome]:
        if batches:
            yield from self._cluster.outcomes(order, [row_of(batch) for batch in batches])


class _Arrivals:
    """The answers that were asked for, as they come in through the journal, each once."""

    def __init__(self, journal: Journal, wanted: Set[str]) -> None:
        self._journal = journal
        self.missing = set(wanted)

    def take(self) -> list[Answered]:
        """What has come in since the last time."""
        # Whoever was thought dead may have answered a second time: the first counts.
        arrived = {
            one.key: one
            for one in reversed(answered(self._journal.news()))
            if one.key in self.missing
        }
        self.missing -= arrived.keys()
        return list(arrived.values())

    def stragglers(self, folder: Path) -> Iterator[list[Answered]]:
        """What the workers have reported and what does not show here yet."""
        deadline = time.monotonic() + PATIENCE_S
        while self.missing and time.monotonic() < deadline:
            if group := self.take():
                yield group
            else:
                time.sleep(1)
        if self.missing:
            raise GenerationError(
                f"the workers wrote {len(self.missing)} answers that do not show in {folder} "
                "here: the folder of the answer files must be on a disk that all nodes see"
            )


def cluster_engine(
    lead: Engine,
    make: EngineFactory,
    answers: Path,
    *,
    prompt: Prompt,
    decoding: Decoding,
    seed: int,
    cluster: Cluster,
    device: str | None = None,
) -> ClusterEngine:
    """The engine for one job, whose workers write beside its answer file."""
    folder = journal_folder(
        answers, identity=lead.identity, prompt=prompt, decoding=decoding, seed=seed
    )
    return ClusterEngine(lead, make, folder=folder, cluster=cluster, device=device)


def journal_folder(
    answers: Path, *, identity: ModelIdentity, prompt: Prompt, decoding: Decoding, seed: int
) -> Path:
    """Where the workers of one job write: beside its answer file, and no other job's place."""
    # Where the model is found may change before the job goes on: a server at another address.
    model = asdict(replace(identity, arguments={}))
    job = [model, prompt.prompt_version, decoding.model_dump(mode="json"), seed]
    return answers.with_name(f"{answers.name}.workers-{digest(job)[:12]}")
