"""The one place that knows Ray: a job's batches through a pool of actors."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from equitymedqa.generation.cluster.worker import ClusterWorker, Order, Outcome, Row
from equitymedqa.generation.errors import GenerationError

LOCAL = "local"
OBJECT_STORE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster, and what of it is used."""

    address: str = "auto"
    """`auto` for the one that this machine belongs to, `local` for one of this machine alone that
    ends with the command, else as `ray.init` takes it."""

    n_workers: int | None = None
    """By default as many as there is room for."""

    gpus_each: float = 0
    cpus_each: float = 1

    def outcomes(self, order: Order, rows: Sequence[Row]) -> Iterator[Outcome]:
        """Have every batch answered, in any order.

        Raises
        ------
        GenerationError
            If there is no such cluster, or no room in it for a single worker.
        """
        ray = self._connected()
        pool = ray.data.ActorPoolStrategy(size=min(self._room(ray), len(rows)))
        # A block a batch, so that whoever is free takes the next one.
        outcomes = ray.data.from_items(list(rows), override_num_blocks=len(rows)).map(
            ClusterWorker,
            fn_constructor_args=(order,),
            compute=pool,
            num_cpus=self.cpus_each,
            num_gpus=self.gpus_each,
        )
        try:
            yield from outcomes.iter_rows()
        except ray.exceptions.RayActorError as error:
            raise GenerationError(
                f"the Ray cluster at {self.address!r} lost its workers: "
                f"{str(error).splitlines()[-1]}. What they wrote is kept; run the command again"
            ) from error

    def _connected(self) -> Any:
        # Read when Ray is imported.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
            import ray.data
            import ray.exceptions
        except ImportError as error:
            raise GenerationError("Ray is not installed: pip install 'equitymedqa[ray]'") from error
        if not ray.is_initialized():
            self._connect(ray)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        ray.data.DataContext.get_current().enable_progress_bars = False
        return ray

    def _connect(self, ray: Any) -> None:
        own = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
        try:
            ray.init(
                address=self.address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **(own if self.address == LOCAL else {}),
            )
        except (ConnectionError, ValueError) as error:
            raise GenerationError(
                f"there is no Ray cluster at {self.address!r}: {error}"
            ) from error

    def _room(self, ray: Any) -> int:
        there = ray.cluster_resources()
        room = int(there.get("CPU", 0) // self.cpus_each) if self.cpus_each else 0
        if self.gpus_each:
            room = int(there.get("GPU", 0) // self.gpus_each)
        if not room:
            raise GenerationError(
                f"the Ray cluster at {self.address!r} has no room for a worker of "
                f"{self.cpus_each:g} CPUs and {self.gpus_each:g} GPUs; it has "
                f"{there.get('CPU', 0):g} and {there.get('GPU', 0):g}"
            )
        return min(room, self.n_workers or room)
