"""What commands are told about sharing a job among machines."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from equitymedqa.cli.engine_choice import EngineChoice
    from equitymedqa.generation.cluster.engine import ClusterEngine
    from equitymedqa.generation.engine import Engine
    from equitymedqa.generation.lead import EngineFactory
    from equitymedqa.generation.shards import Shard

ShardText = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Only this part, such as 0/4; then merge."),
]
Ray = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Answer on a Ray cluster: auto, local or an address."),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="On the Ray cluster; else as many as have room.")
]


def refuse_server(server: str | None, *, ray: str | None) -> None:
    """Refuse to ask a server from a cluster: its limits hold for one asker, and one suffices.

    Raises
    ------
    typer.BadParameter
        If both are named.
    """
    if server and ray:
        raise typer.BadParameter(
            "a server is asked from one machine, many questions at once: leave --ray out and say "
            "how many with --concurrency; or leave --server out, and the model runs on the cluster",
            param_hint="--ray",
        )


def chosen_shard(text: str | None, *, ray: str | None) -> "Shard | None":
    """The part of the job that is asked for.

    Raises
    ------
    typer.BadParameter
        If the job is shared in two ways at once.
    """
    from equitymedqa.generation.shards import Shard

    if text and ray:
        raise typer.BadParameter(
            "a Ray cluster shares the whole job among its workers; leave --shard out",
            param_hint="--shard",
        )
    return Shard.parse(text) if text else None


def chosen_engines(
    choice: "EngineChoice", *, ray: str | None, n_workers: int | None
) -> "tuple[Engine, Callable[..., ClusterEngine] | None]":
    """The engine that was chosen and, on a cluster, what makes those that answer for it.

    Raises
    ------
    typer.BadParameter
        If the options contradict each other.
    """
    refuse_server(choice.server, ray=ray)
    engine = choice.factory(device=choice.device)
    make = choice.as_found(engine).factory
    return engine, cluster_of(
        ray, n_workers=n_workers, lead=engine, make=make, device=choice.device
    )


def cluster_of(
    address: str | None,
    *,
    n_workers: int | None,
    lead: "Engine",
    make: "EngineFactory",
    device: str | None,
) -> "Callable[..., ClusterEngine] | None":
    """Makes, for each job, an engine whose workers are like the lead, with a GPU if it has one.

    Raises
    ------
    typer.BadParameter
        If workers are asked for without a cluster.
    """
    if address is None and n_workers is not None:
        raise typer.BadParameter(
            "only a Ray cluster has workers; name one with --ray, or several devices with --device",
            param_hint="--workers",
        )
    if address is None:
        return None
    from equitymedqa.generation.cluster.engine import cluster_engine
    from equitymedqa.generation.cluster.ray_data import Cluster

    gpus_each = 1 if lead.device_name.startswith("cuda") else 0
    cluster = Cluster(address, n_workers=n_workers, gpus_each=gpus_each)
    return partial(cluster_engine, lead, make, cluster=cluster, device=device)
