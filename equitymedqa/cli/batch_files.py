"""`equitymedqa answers export-batch` and `import-batch`: answers through vendors' batch files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from equitymedqa.cli import answer_options as options
from equitymedqa.cli import server_options
from equitymedqa.cli.option_groups import grouped


@grouped
def export_batch(
    questions: options.Questions,
    answering: options.Answering,
    model: Annotated[str, typer.Option(help="As the vendor or the server calls it.")],
    out: Annotated[Path, typer.Option(help="The batch, ending in .jsonl.")] = Path("batch.jsonl"),
    api: server_options.Interface = "chat",
    dialect: Annotated[
        str, typer.Option(help="Who will run it: openai, vllm, sglang, ... or plain.")
    ] = "openai",
    revision: server_options.Revision = None,
) -> None:
    """Write questions as a vendor's batch file, and beside it the plan to import results with.

    Large batches become several numbered files. OpenAI and others take them, and `vllm run-batch`.
    """
    from equitymedqa.generation.batch_files import export_batch

    decoding, prompts = answering.decoding(), answering.prompts()
    if len(prompts) > 1:
        raise typer.BadParameter("a batch has one prompt; write one for each")
    batch = export_batch(
        options.all_questions(questions),
        out=out,
        model=model,
        prompt=prompts[0],
        decoding=decoding,
        dialect=dialect,
        api=api,
        system=answering.system,
        revision=revision,
        seed=answering.seed,
        n_answers=answering.answers,
        limit=answering.limit,
    )
    for part in batch.parts:
        typer.echo(f"Hand in {part}")
    typer.echo(
        f"{batch.n_requests} requests; {batch.n_refused} questions cannot be put. Keep "
        f"{batch.plan}: the results are imported with it"
    )


def import_batch(
    results: Annotated[list[Path], typer.Argument(help="Output and error files, in any order.")],
    plan: Annotated[Path, typer.Option(help="The .plan.jsonl beside the batch.")],
    out: Annotated[Path, typer.Option(help="The answer file to fill.")],
) -> None:
    """Take the results of a batch over into an answer file; run it again when more have come.

    Ends with 1 if anything is missing, unknown or failed.
    """
    from equitymedqa.generation.batch_files import import_batch

    found = import_batch(results, plan=plan, out=out)
    summary = found.summary
    typer.echo(
        f"{summary.path}: {summary.n_questions} answers asked for, {summary.n_resumed} of them "
        f"imported before; {summary.n_stop} whole, {summary.n_length} cut at the token limit, "
        f"{summary.n_error} failed"
    )
    _tell("have no result yet", found.missing)
    _tell("are in the results and not in the plan", found.unknown)
    _tell("came more than once; the first that was answered counts", found.doubled)
    raise typer.Exit(1 if found.missing or found.unknown or summary.n_error else 0)


def _tell(what: str, ids: Sequence[str]) -> None:
    if ids:
        some = ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
        typer.secho(f"{len(ids)} {what}: {some}", err=True, fg="yellow")
