"""One step of a job: calls of the model in an answer file, made once and never again.

A call is a question like any other to the engines, so whatever they promise of an answer holds
for it: it is found again by its id, and a job that was broken off goes on where it stood.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from equitymedqa.augment.errors import AugmentError
from equitymedqa.generation.answer_file import iter_answers
from equitymedqa.generation.engine import Engine
from equitymedqa.generation.job import generate_answers
from equitymedqa.generation.progress import Progress
from equitymedqa.prompts import Prompt, find_prompt
from equitymedqa.records import RETRYABLE, AnswerRecord, Decoding, QuestionRecord, QuestionSet


@dataclass(frozen=True)
class Call:
    """What the model is asked once."""

    key: str
    """By which its reply is found: the same call has the same key in every start of a job."""

    text: str
    prompt_version: str


class ClusterOf(Protocol):
    """Makes, for each step, an engine whose workers write beside the step's answer file."""

    def __call__(self, answers: Path, *, prompt: Prompt, decoding: Decoding, seed: int) -> Engine:
        """The engine of one step."""


@dataclass(frozen=True)
class Asking:
    """How a job asks its model."""

    engine: Engine
    folder: Path
    seed: int
    progress: Progress
    batch_size: int | None = None
    on_cluster: ClusterOf | None = None
    """Makes the engines that answer in place of `engine`, which is then like them."""

    def replies(
        self, step: str, calls: Sequence[Call], *, decoding: Decoding
    ) -> dict[str, AnswerRecord]:
        """The model's replies, by the keys of their calls.

        Parameters
        ----------
        step
            Names the answer file in the job's folder.

        Raises
        ------
        AugmentError
            If calls failed that may work the next time: a question is never dropped for them.
        """
        if not calls:
            return {}
        out, prompt = self.folder / f"{step}.jsonl", find_prompt("plain")
        engine = self.engine
        if self.on_cluster:
            engine = self.on_cluster(out, prompt=prompt, decoding=decoding, seed=self.seed)
        self.progress.note(f"{out}: {len(calls)} calls of the model")
        generate_answers(
            QuestionSet(step, [_question(step, call) for call in calls], []),
            out=out,
            decoding=decoding,
            model=engine,
            prompt=prompt,
            seed=self.seed,
            batch_size=self.batch_size,
            progress=self.progress,
        )
        wanted = {call.key for call in calls}
        replies = {
            key: answer
            for answer in iter_answers(out)
            if (key := answer.question.question_id) in wanted
        }
        _refuse_passing_failures(out, replies.values())
        return replies


def _question(step: str, call: Call) -> QuestionRecord:
    return QuestionRecord(
        question_id=call.key,
        dataset=step,
        text=call.text,
        attributes={"prompt": call.prompt_version},
    )


def _refuse_passing_failures(out: Path, replies: Iterable[AnswerRecord]) -> None:
    failed = [reply for reply in replies if reply.error_kind in RETRYABLE]
    if failed:
        raise AugmentError(
            f"{out}: {len(failed)} calls failed in a way that may pass ({failed[0].error}); run "
            f"`equitymedqa answers retry {shlex.quote(str(out))} --failed`, then the same command "
            "again"
        )
