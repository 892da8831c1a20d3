"""Which answers a job consists of.

The plan is made from the whole job, whatever of it is done already: so a job that was broken off
forms the same batches again, and a batch decides rounding in bfloat16.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from equitymedqa.generation.engine import PromptWriter, RenderedPrompt, Request
from equitymedqa.generation.errors import GenerationError, PromptError
from equitymedqa.generation.identity import ModelIdentity, answer_id, row_seed, tokens_digest
from equitymedqa.prompts import Prompt, PromptTemplateError
from equitymedqa.records import (
    Decoding,
    ErrorKind,
    PairMembership,
    PairRecord,
    QuestionRecord,
    QuestionSet,
    SystemPolicy,
)


@dataclass(frozen=True)
class Job:
    """How every question of a job is answered."""

    identity: ModelIdentity
    prompt: Prompt
    decoding: Decoding
    seed: int
    n_answers: int = 1
    """Answers to each question."""

    system: SystemPolicy = "native"

    def __post_init__(self) -> None:
        """Refuse answers that would all be the same."""
        refuse_repeats(self.decoding, self.n_answers)

    @property
    def source(self) -> str:
        """Model and prompt: what is compared, and kept blind."""
        return f"{self.identity.short_name}/{self.prompt.name}"


@dataclass(frozen=True, slots=True)
class PlannedAnswer:
    """One answer that is to be made."""

    answer_id: str
    question: QuestionRecord
    pairs: tuple[PairMembership, ...]
    request: Request
    answer_index: int = 0
    refusal: str | None = None
    """Why it cannot be made."""

    refusal_kind: ErrorKind | None = None

    @property
    def prompt(self) -> RenderedPrompt:
        """The question as it reaches the model."""
        return self.request.prompt


def refuse_repeats(decoding: Decoding, n_answers: int) -> None:
    """Refuse to ask several times for the one most likely answer.

    Raises
    ------
    GenerationError
        If the temperature is 0 and more than one answer to a question is wanted.
    """
    if n_answers > 1 and decoding.temperature == 0:
        raise GenerationError(
            f"{n_answers} answers to a question would all be the same at temperature 0; give a "
            "temperature above 0, or ask for one answer"
        )


def plan_answers(
    questions: QuestionSet,
    job: Job,
    *,
    writer: PromptWriter,
    context_length: int | None,
    limit: int | None = None,
) -> list[PlannedAnswer]:
    """The answers of a job, in the order of the questions.

    Parameters
    ----------
    context_length
        Tokens that prompt and answer may take together.
    limit
        Only so many questions, the first.

    Raises
    ------
    GenerationError
        If two questions have the same id.
    """
    counts = Counter((question.dataset, question.question_id) for question in questions.questions)
    if twice := [name for (_, name), count in counts.items() if count > 1]:
        raise GenerationError(
            f"{len(twice)} questions come twice, such as {twice[0]!r}; name each file once, and "
            "give questions that differ ids of their own"
        )

    memberships = pair_memberships(questions.pairs)
    tokens: dict[int, int] = {}
    return [
        answer
        for question in questions.questions[:limit]
        for answer in _plan_question(
            question,
            job,
            pairs=tuple(memberships[question.dataset, question.question_id]),
            writer=writer,
            context_length=context_length,
            tokens=tokens,
        )
    ]


def refuse_no_room(
    plan: Sequence[PlannedAnswer], decoding: Decoding, *, context_length: int | None
) -> None:
    """Refuse a token limit that by itself makes every question too long.

    Else one slip of a digit would fill the answer file with failures.

    Raises
    ------
    GenerationError
        If no question fits though one would with a lower limit; the message says which.
    """
    if context_length is None or any(answer.refusal_kind != "too_long" for answer in plan):
        return
    fitting = [n for one in plan if (n := one.prompt.n_tokens or 0) < context_length]
    if not fitting:
        return
    # A server's prompts are counted by itself alone.
    longest = max(fitting)
    counted = f", and the longest prompt that fits has {longest}" if longest else ""
    raise GenerationError(
        f"{decoding.max_new_tokens} tokens for an answer leave no room for a question: the model "
        f"takes {context_length} in all{counted}; allow "
        f"{f'at most {context_length - longest}' if longest else 'fewer'} for an answer"
    )


def pair_memberships(
    pairs: Sequence[PairRecord],
) -> dict[tuple[str, str], list[PairMembership]]:
    """The pairs of each question, by question set and question id: a job can have several sets."""
    memberships: dict[tuple[str, str], list[PairMembership]] = defaultdict(list)
    for pair in pairs:
        first = PairMembership(pair_id=pair.pair_id, position=1, attributes=pair.attributes)
        second = PairMembership(pair_id=pair.pair_id, position=2, attributes=pair.attributes)
        for question, side in ((pair.question_1, first), (pair.question_2, second)):
            memberships[question.dataset, question.question_id].append(side)
    return memberships


def _plan_question(
    question: QuestionRecord,
    job: Job,
    *,
    pairs: tuple[PairMembership, ...],
    writer: PromptWriter,
    context_length: int | None,
    tokens: dict[int, int],
) -> list[PlannedAnswer]:
    refusal: tuple[str, ErrorKind] | None = None
    try:
        prompt = _lightened(writer.write(question), tokens)
    except (PromptError, PromptTemplateError) as error:
        prompt, refusal = RenderedPrompt(tokens_digest([])), (str(error), "prompt_refused")
    asked, n_tokens = job.decoding.max_new_tokens, prompt.n_tokens or 0
    if context_length is not None and n_tokens + asked > context_length:
        words = (
            f"the prompt's {n_tokens} tokens and {asked} for the answer are more than the model's "
            f"{context_length}"
        )
        refusal = (words, "too_long")
    return [
        _plan_one(question, job, pairs, prompt, answer_index=index, refusal=refusal)
        for index in range(job.n_answers)
    ]


def _lightened(prompt: RenderedPrompt, tokens: dict[int, int]) -> RenderedPrompt:
    """The same prompt in a fifth of the memory: one object a token, not one a place."""
    return replace(prompt, ids=[tokens.setdefault(one, one) for one in prompt.ids])


def _plan_one(
    question: QuestionRecord,
    job: Job,
    pairs: tuple[PairMembership, ...],
    prompt: RenderedPrompt,
    *,
    answer_index: int,
    refusal: tuple[str, ErrorKind] | None,
) -> PlannedAnswer:
    name = answer_id(
        question,
        identity=job.identity,
        prompt_sha256=prompt.sha256,
        decoding=job.decoding,
        seed=job.seed,
        answer_index=answer_index,
    )
    seed = row_seed(job.seed, question, answer_index=answer_index)
    why, kind = refusal or (None, None)
    return PlannedAnswer(
        name, question, pairs, Request(name, prompt, seed), answer_index, why, kind
    )
