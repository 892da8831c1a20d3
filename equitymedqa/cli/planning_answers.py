"""`equitymedqa plan answers`: what `generate` would do, and nothing done."""

from pathlib import Path
from typing import Annotated

import typer

from equitymedqa.cli import answer_options as options
from equitymedqa.cli import clusters
from equitymedqa.cli.engine_choice import EngineChoice
from equitymedqa.cli.option_groups import grouped

Pace = Annotated[
    float | None,
    typer.Option("--tokens-per-s", min=0.001, help="Pace to reckon with, if you know one."),
]


@grouped
def answers(
    questions: options.Questions,
    answering: options.Answering,
    choice: EngineChoice,
    out: options.Out = Path("answers"),
    batch_size: options.BatchSize = None,
    shard: clusters.ShardText = None,
    tokens_per_s: Pace = None,
) -> None:
    """What `generate` would do with these options: counts, the prompt, memory and time.

    Nothing is written, and the model's weights are not loaded; those of a hub model are fetched.
    """
    from equitymedqa.cli.dry_run_text import described
    from equitymedqa.generation.dry_run import dry_run

    decoding, prompts = answering.decoding(), answering.prompts()
    asked = options.all_questions(questions)
    part = clusters.chosen_shard(shard, ray=None)
    engine = choice.factory(device=choice.device)
    for one in prompts:
        found = dry_run(
            asked,
            out=options.answers_path(out, engine.identity, one),
            decoding=decoding,
            engine=engine,
            prompt=one,
            system=answering.system,
            seed=answering.seed,
            n_answers=answering.answers,
            batch_size=batch_size,
            limit=answering.limit,
            shard=part,
        )
        for line in described(found, tokens_per_s=tokens_per_s):
            typer.echo(line)
    typer.echo("Nothing was written.")
