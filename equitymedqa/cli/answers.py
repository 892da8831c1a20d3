"""`equitymedqa generate`: a model's answers to question files or sets."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equitymedqa.cli import answer_options as options
from equitymedqa.cli import clusters
from equitymedqa.cli.engine_choice import EngineChoice
from equitymedqa.cli.errors import ANSWERS_FAILED
from equitymedqa.cli.interruption import goes_on_later
from equitymedqa.cli.option_groups import grouped

if TYPE_CHECKING:
    from equitymedqa.generation import GenerationSummary, Progress
    from equitymedqa.generation.shards import Shard


@grouped
def generate(
    questions: options.Questions,
    answering: options.Answering,
    choice: EngineChoice,
    out: options.Out = Path("answers"),
    batch_size: options.BatchSize = None,
    shard: clusters.ShardText = None,
    ray: clusters.Ray = None,
    workers: clusters.Workers = None,
    log: Annotated[
        Path | None, typer.Option(help="Also log progress here, one JSON object a line.")
    ] = None,
) -> None:
    """Answer questions; run the same command again to go on where it stopped.

    Each model and prompt is a source with an answer file of its own, and a manifest beside it.
    `equitymedqa plan answers` says beforehand what the same options would do. Ends with 3 if
    single answers failed.
    """
    from equitymedqa.cli import answer_tables
    from equitymedqa.generation import generate_answers

    decoding, prompts = answering.decoding(), answering.prompts()
    asked = options.all_questions(questions)
    part = clusters.chosen_shard(shard, ray=ray)
    progress = _progress(log, part)
    engine, on_cluster = clusters.chosen_engines(choice, ray=ray, n_workers=workers)
    failures: Counter[str] = Counter()
    for one in prompts:
        path = options.answers_path(out, engine.identity, one)
        with goes_on_later():
            summary = generate_answers(
                asked,
                out=path,
                model=on_cluster(path, prompt=one, decoding=decoding, seed=answering.seed)
                if on_cluster
                else engine,
                prompt=one,
                system=answering.system,
                decoding=decoding,
                seed=answering.seed,
                n_answers=answering.answers,
                batch_size=batch_size,
                limit=answering.limit,
                shard=part,
                progress=progress,
            )
        failures.update(summary.failures)
        typer.echo(_said(summary))
    if failures:
        answer_tables.show_failures(failures)
    raise typer.Exit(ANSWERS_FAILED if failures else 0)


def _progress(log: Path | None, shard: "Shard | None") -> "Progress":
    from equitymedqa.generation import console_progress
    from equitymedqa.generation.progress import ProgressToSeveral
    from equitymedqa.generation.progress_log import ProgressLog

    if log is None:
        return console_progress()
    return ProgressToSeveral(
        [console_progress(), ProgressLog(log, shard=str(shard) if shard else None)]
    )


def _said(summary: "GenerationSummary") -> str:
    """All that a run did: the file, what is in it, what was new."""
    more_room = (
        f"\n  `equitymedqa answers extend {summary.path} --truncated --max-new-tokens N` gives "
        "those that were cut more room"
    )
    kinds = ", ".join(f"{kind} {n}" for kind, n in summary.failures.items())
    return (
        f"{summary.path}:\n"
        f"  {summary.n_questions:,} answers, {summary.n_resumed:,} of them made before\n"
        f"  {summary.n_stop:,} whole, {summary.n_length:,} cut at the token limit, "
        f"{summary.n_error:,} failed{f' ({kinds})' if kinds else ''}\n"
        f"  {summary.n_prompt_tokens:,} tokens read and {summary.n_output_tokens:,} written in "
        f"{timedelta(seconds=round(summary.seconds))}, {summary.tokens_per_s:.0f} tokens/s"
        f"{more_room if summary.n_length else ''}"
    )
