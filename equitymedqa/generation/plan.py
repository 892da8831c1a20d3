"""Which answers a job consists of, and in which batches they are made.

The plan is made from the whole job, whatever of it is done already: so a job that was broken off
forms the same batches again, and a batch decides rounding in bfloat16.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from equitymedqa.generation.chat import PromptWriter
from equitymedqa.generation.errors import GenerationError, PromptError
from equitymedqa.generation.identity import ModelIdentity, answer_id, row_seed, tokens_digest
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, PairMembership, PairRecord, QuestionRecord, QuestionSet


@dataclass(frozen=True)
class Job:
    """How every question of a job is answered."""

    identity: ModelIdentity
    prompt: Prompt
    decoding: Decoding
    seed: int

    @property
    def source(self) -> str:
        """Model and prompt: what is compared, and kept blind."""
        return f"{self.identity.short_name}/{self.prompt.name}"


@dataclass(frozen=True)
class PlannedAnswer:
    """One answer that is to be made."""

    answer_id: str
    question: QuestionRecord
    pairs: tuple[PairMembership, ...]
    ids: list[int]
    """The rendered prompt."""

    prompt_sha256: str
    row_seed: int
    refusal: str | None = None
    """Why it cannot be made."""


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
        raise GenerationError(f"{questions.dataset}: ids {twice[:5]} stand for several questions")

    memberships = pair_memberships(questions.pairs)
    return [
        _plan_one(
            question,
            job,
            pairs=tuple(memberships[question.dataset, question.question_id]),
            writer=writer,
            context_length=context_length,
        )
        for question in questions.questions[:limit]
    ]


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


def batches(plan: Sequence[PlannedAnswer], *, size: int) -> list[list[PlannedAnswer]]:
    """The answers that can be made, in batches of prompts of similar length.

    The longest come first: if memory does not suffice, that shows at once.
    """
    possible = [answer for answer in plan if answer.refusal is None]
    possible.sort(key=lambda answer: len(answer.ids), reverse=True)
    return [possible[start : start + size] for start in range(0, len(possible), size)]


def _plan_one(
    question: QuestionRecord,
    job: Job,
    *,
    pairs: tuple[PairMembership, ...],
    writer: PromptWriter,
    context_length: int | None,
) -> PlannedAnswer:
    refusal = None
    try:
        ids = writer.ids(question.text)
    except PromptError as error:
        ids, refusal = [], str(error)
    asked = job.decoding.max_new_tokens
    if context_length is not None and len(ids) + asked > context_length:
        refusal = (
            f"the prompt's {len(ids)} tokens and {asked} for the answer are more than the model's "
            f"{context_length}"
        )
    prompt_sha256 = tokens_digest(ids)
    name = answer_id(
        question,
        identity=job.identity,
        prompt_sha256=prompt_sha256,
        decoding=job.decoding,
        seed=job.seed,
    )
    return PlannedAnswer(
        name, question, pairs, ids, prompt_sha256, row_seed(job.seed, question), refusal
    )
