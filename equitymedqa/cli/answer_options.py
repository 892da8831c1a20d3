"""What `generate` and `plan answers` are told alike: the questions, the model, how to answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from equitymedqa.generation.identity import ModelIdentity
    from equitymedqa.prompts import Prompt
    from equitymedqa.records import Decoding, QuestionSet

Questions = Annotated[
    list[str], typer.Argument(help="Question files, or names of sets such as omaq.")
]
Out = Annotated[Path, typer.Option(help="Folder for the answer files.")]
Model = Annotated[str, typer.Option(help="Hub id (ID@REVISION), local folder, or 'embedded'.")]
PromptNames = Annotated[
    list[str] | None,
    typer.Option(
        "--prompt", help="plain, careful, consumer or your own .jinja or .yaml; repeat it."
    ),
]
MaxNewTokens = Annotated[int, typer.Option(min=1)]
Temperature = Annotated[float, typer.Option(min=0, help="0 is greedy.")]
TopP = Annotated[float, typer.Option(min=0.01, max=1)]
TopK = Annotated[int, typer.Option(min=0, help="Draw from so many tokens; 0 is all.")]
Reasons = Annotated[
    Literal["default", "on", "off"], typer.Option(help="Whether the model is to reason first.")
]
System = Annotated[
    Literal["native", "fold", "error"],
    typer.Option(
        help="The prompt's system text goes to the chat template's own place for it and, where "
        "there is none, before the question (native); always before the question (fold); or "
        "the model is refused where there is none (error)."
    ),
]
NAnswers = Annotated[
    int, typer.Option("--answers", min=1, help="To each question; several need a temperature.")
]
BatchSize = Annotated[int | None, typer.Option(min=1)]
Device = Annotated[
    str | None,
    typer.Option(help="cpu, cuda, cuda:1; several as cuda:0,cuda:1 or cuda:all; else chosen."),
]
Dtype = Annotated[
    Literal["float32", "bfloat16"] | None,
    typer.Option(help="Else bfloat16 on CUDA, float32 on CPU; only float32 repeats anywhere."),
]
Attention = Annotated[
    Literal["sdpa", "eager"] | None,
    typer.Option(help="Else the faster sdpa, where it leaves the model's answers as they are."),
]
Decode = Annotated[
    Literal["dynamic", "static", "continuous"],
    typer.Option(help="static compiles the steps on CUDA; continuous fits few families."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many.")]


@dataclass(frozen=True)
class Answering:
    """How every question is to be answered."""

    prompt: PromptNames = None
    max_new_tokens: MaxNewTokens = 512
    temperature: Temperature = 0.0
    top_p: TopP = 1.0
    top_k: TopK = 0
    reasoning: Reasons = "default"
    system: System = "native"
    answers: NAnswers = 1
    seed: int = 0
    limit: Limit = None

    def prompts(self) -> "list[Prompt]":
        """The prompts of these names or files."""
        return chosen_prompts(self.prompt)

    def decoding(self) -> "Decoding":
        """How tokens are chosen."""
        return chosen_decoding(
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            reasoning=self.reasoning,
            n_answers=self.answers,
        )


def all_questions(names: list[str]) -> "QuestionSet":
    """The questions of all files and sets as one job; each keeps the name of its own set."""
    from equitymedqa.records import QuestionSet

    sets = [_load(name) for name in names]
    return QuestionSet(
        dataset=sets[0].dataset,
        questions=[question for one in sets for question in one.questions],
        pairs=[pair for one in sets for pair in one.pairs],
    )


def chosen_prompts(names: list[str] | None) -> "list[Prompt]":
    """The prompts of these names or files; the plain one without any."""
    from equitymedqa.prompts import find_prompt

    return [find_prompt(name) for name in names or ["plain"]]


def chosen_decoding(
    *,
    max_new_tokens: int,
    temperature: float,
    top_p: float,
    top_k: int,
    reasoning: Literal["default", "on", "off"],
    n_answers: int,
) -> "Decoding":
    """How tokens are chosen; refused here, before a model is read, if it makes no sense."""
    from pydantic import ValidationError

    from equitymedqa.generation.plan import refuse_repeats
    from equitymedqa.records import Decoding

    try:
        decoding = Decoding(
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            reasoning=reasoning,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{first['loc'][0]} {first['input']}: {first['msg']}") from error
    refuse_repeats(decoding, n_answers)
    return decoding


def answers_path(out: Path, identity: "ModelIdentity", prompt: "Prompt") -> Path:
    """The file of a model's answers with a prompt."""
    return out / f"{identity.short_name}-{prompt.name}.jsonl".replace("/", "-")


def _load(name: str) -> "QuestionSet":
    from equitymedqa.catalog import match_set
    from equitymedqa.loading import load_questions, load_set

    is_set = match_set(name) is not None and not Path(name).is_file()
    return load_set(name) if is_set else load_questions(Path(name))
