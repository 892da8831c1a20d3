"""`equitymedqa answers`: what is in answer files, and what is to be done about it."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equitymedqa.cli import batch_files, merging
from equitymedqa.cli.answer_options import all_questions
from equitymedqa.cli.errors import ANSWERS_FAILED
from equitymedqa.cli.option_groups import grouped
from equitymedqa.cli.server_options import AskedAgain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from equitymedqa.generation.inspection import Problem
    from equitymedqa.generation.repairs import RepairSummary

answers_app = typer.Typer(
    no_args_is_help=True, help="Look at answer files, and ask again for what went wrong."
)
answers_app.command("merge")(merging.merge)
answers_app.command("export-batch")(batch_files.export_batch)
answers_app.command("import-batch")(batch_files.import_batch)

Files = Annotated[list[Path], typer.Argument(help="Answer files, or folders of them.")]
OneFile = Annotated[Path, typer.Argument(help="An answer file with its manifest.")]
Model = Annotated[str | None, typer.Option(help="Where the model is by now, if it was moved.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or cuda:1; else as it was.")]


@answers_app.callback()
def _answers() -> None:
    """Commands on files that `equitymedqa generate` made."""


@answers_app.command()
def status(paths: Files) -> None:
    """Say how far each answer file is, and what is worth a look; shards together and apart."""
    from rich.console import Console

    from equitymedqa.cli.answer_tables import status_tables
    from equitymedqa.generation.inspection import inspect_answers

    found = [inspect_answers(path) for path in _files(paths)]
    console = Console(highlight=False)
    for table in status_tables(found):
        console.print(table)
        console.print()
    raise typer.Exit(1 if any(one.tally.n_unreadable for one in found) else 0)


@answers_app.command()
def check(
    paths: Files,
    questions: Annotated[
        list[str] | None, typer.Option(help="File or set of which no question may be missing.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="List all problems here, as CSV.")] = None,
) -> None:
    """Look for whatever is wrong or doubtful; end with 1 if anything is.

    Refusals, repeated text and debris are found by rules of thumb: a flag means "look at this".
    """
    from rich.console import Console

    from equitymedqa.cli.answer_tables import problem_tables
    from equitymedqa.generation.inspection import inspect_answers, missing_answers

    asked = all_questions(questions).questions if questions else []
    texts = {(one.dataset, one.question_id): one.text for one in asked}
    found = [inspect_answers(path, asked=texts) for path in _files(paths)]
    problems = [problem for one in found for problem in one.problems]
    problems += missing_answers(found, asked)
    if out:
        _write_problems(problems, out)
    console = Console(highlight=False)
    for table in problem_tables(problems):
        console.print(table)
        console.print()
    n_answers = sum(one.tally.ends.total() for one in found)
    counts = {"answer": n_answers, "file": len(found), "problem": len(problems)}
    said = [f"{count:,} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items()]
    typer.echo("{} in {}: {}".format(*said))
    raise typer.Exit(1 if problems else 0)


@answers_app.command()
@grouped
def retry(
    file: OneFile,
    server: AskedAgain,
    failed: Annotated[
        bool, typer.Option("--failed", help="The answers that failed: needed, to be plain.")
    ] = False,
    every_kind: Annotated[
        bool, typer.Option("--all", help="Also errors that come again unless something changed.")
    ] = False,
    model: Model = None,
    device: Device = None,
) -> None:
    """Ask again for answers that failed, of the same model in the same way."""
    from equitymedqa.generation.repairs import retry_failed

    if not failed:
        raise typer.BadParameter("say --failed: the answers that failed are asked for again")
    _tell(
        retry_failed(
            file,
            every_kind=every_kind,
            model=model,
            device=device,
            limits=server.limits(),
            key_variable=server.key_variable,
            allow_plain_http=server.allow_plain_http,
        ),
        left="failed in a way that does not pass by itself; --all asks for them as well",
    )


@answers_app.command()
@grouped
def extend(
    file: OneFile,
    server: AskedAgain,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="The new token limit.")],
    truncated: Annotated[
        bool, typer.Option("--truncated", help="The answers that were cut: needed, to be plain.")
    ] = False,
    model: Model = None,
    device: Device = None,
) -> None:
    """Ask again, with more room, for answers that were cut at the token limit."""
    from equitymedqa.generation.repairs import extend_truncated

    if not truncated:
        raise typer.BadParameter("say --truncated: the answers that were cut are asked for again")
    _tell(
        extend_truncated(
            file,
            max_new_tokens=max_new_tokens,
            model=model,
            device=device,
            limits=server.limits(),
            key_variable=server.key_variable,
            allow_plain_http=server.allow_plain_http,
        ),
        left=f"were cut at {max_new_tokens} tokens or more already",
    )


@answers_app.command()
@grouped
def verify(
    file: OneFile,
    server: AskedAgain,
    n: Annotated[int, typer.Option("-n", min=1, help="How many, drawn at random.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    model: Model = None,
    device: Device = None,
) -> None:
    """Make some answers once more and compare; end with 1 if one that should be the same is not."""
    from rich.console import Console

    from equitymedqa.cli.answer_tables import verification_table
    from equitymedqa.generation.verifying import verify_answers

    verification = verify_answers(
        file,
        n=n,
        seed=seed,
        model=model,
        device=device,
        limits=server.limits(),
        key_variable=server.key_variable,
        allow_plain_http=server.allow_plain_http,
    )
    Console(highlight=False).print(verification_table(verification))
    for name, (then, now) in verification.changes.items():
        typer.echo(f"Changed since: {name} was {then}, is {now}")
    n_same = sum(one.is_same for one in verification.comparisons)
    typer.echo(
        f"{n_same} of {len(verification.comparisons)} are the same; "
        f"{len(verification.broken)} that should be are not"
    )
    raise typer.Exit(1 if verification.broken else 0)


def _files(paths: list[Path]) -> list[Path]:
    """The files themselves, and those in folders that have a manifest."""
    from equitymedqa.generation import GenerationError
    from equitymedqa.generation.manifest import manifest_path

    files = []
    for path in paths:
        found = [path]
        if path.is_dir():
            found = [one for one in sorted(path.glob("*.jsonl")) if manifest_path(one).exists()]
            if not found:
                raise GenerationError(f"{path} holds no answer file with a manifest")
        files += [one for one in found if one not in files]
    return files


def _tell(summary: "RepairSummary", *, left: str) -> None:
    from equitymedqa.cli.answer_tables import show_failures

    if summary.failures:
        show_failures(summary.failures)
    typer.echo(
        f"{summary.path}: {summary.n_asked} asked again; {summary.n_stop} whole now, "
        f"{summary.n_length} cut at the token limit, {summary.n_error} failed"
    )
    if summary.n_left:
        typer.echo(f"{summary.n_left} left as they are: they {left}")
    raise typer.Exit(ANSWERS_FAILED if summary.n_error else 0)


def _write_problems(problems: "Sequence[Problem]", out: Path) -> None:
    from equitymedqa.generation.inspection import Problem

    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Problem._fields)
        writer.writerows(problems)
