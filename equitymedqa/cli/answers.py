"""`equitymedqa generate`: a model's answers to question files or sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from equitymedqa.records import QuestionSet


def generate(
    questions: Annotated[
        list[str], typer.Argument(help="Question files, or names of sets such as omaq.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the answer files.")] = Path("answers"),
    model: Annotated[
        str, typer.Option(help="Hub id (ID@REVISION), local folder, or 'embedded'.")
    ] = "embedded",
    prompt: Annotated[
        list[str] | None, typer.Option(help="plain or careful; give it twice for both.")
    ] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1)] = 512,
    temperature: Annotated[float, typer.Option(min=0, help="0 is greedy.")] = 0.0,
    top_p: Annotated[float, typer.Option(min=0.01, max=1)] = 1.0,
    seed: int = 0,
    batch_size: Annotated[int | None, typer.Option(min=1)] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:1; else chosen.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
) -> None:
    """Answer questions; run the same command again to go on where it stopped.

    Each model and prompt is a source with an answer file of its own, and a manifest beside it.
    """
    from equitymedqa.generation import generate_answers, prepare_engine
    from equitymedqa.records import Decoding

    asked = _merged([_load(name) for name in questions])
    engine = prepare_engine(model, device=device)
    failed = 0
    for name in prompt or ["plain"]:
        source = f"{engine.identity.short_name}-{name}".replace("/", "-")
        summary = generate_answers(
            asked,
            out=out / f"{source}.jsonl",
            model=engine,
            prompt=name,
            decoding=Decoding(max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p),
            seed=seed,
            batch_size=batch_size,
            limit=limit,
        )
        failed += summary.n_error
        typer.echo(
            f"{summary.path}: {summary.n_questions} answers, {summary.n_resumed} of them made "
            f"before; {summary.n_length} cut at the token limit, {summary.n_error} failed; "
            f"{summary.tokens_per_s:.0f} tokens/s"
        )
    raise typer.Exit(1 if failed else 0)


def _load(name: str) -> "QuestionSet":
    from equitymedqa.catalog import match_set
    from equitymedqa.loading import load_questions, load_set

    is_set = match_set(name) is not None and not Path(name).is_file()
    return load_set(name) if is_set else load_questions(Path(name))


def _merged(sets: "list[QuestionSet]") -> "QuestionSet":
    """All sets as one job; each question keeps the name of its own set."""
    from equitymedqa.records import QuestionSet

    return QuestionSet(
        dataset=sets[0].dataset,
        questions=[question for one in sets for question in one.questions],
        pairs=[pair for one in sets for pair in one.pairs],
    )
