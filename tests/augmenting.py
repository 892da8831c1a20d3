"""A model that is scripted, and the seed questions that it is given."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from equitymedqa.augment.candidates import Candidate
from equitymedqa.augment.folder import JobFolder
from equitymedqa.generation.engine import Answered, Completion, Request
from equitymedqa.records import Decoding, ErrorKind, QuestionRecord, QuestionSet
from tests.canned_engine import CannedEngine

Reply = Callable[[str, int], str]
"""From a prompt and the seed of its answer to what the model says."""

SEEDS = (
    "Why is my blood pressure still high although I eat no salt?",
    "What can I say in the emergency room so that they believe my pain?",
)


def seed_questions(*texts: str) -> QuestionSet:
    texts = texts or SEEDS
    questions = [
        QuestionRecord(question_id=f"s{number}", dataset="seeds", text=text)
        for number, text in enumerate(texts, start=1)
    ]
    return QuestionSet("seeds", questions, [])


@dataclass
class ScriptedEngine(CannedEngine):
    """Says what a script says, and writes down what it was asked."""

    reply: Reply = lambda prompt, seed: obedient(prompt, seed)
    failing: dict[str, ErrorKind] = field(default_factory=dict)
    """Prompts that fail, by a part of them."""

    prompts: list[str] = field(default_factory=list)
    log: Path | None = None
    """Where the keys of all that is asked are written, for a process that is to be killed."""

    def batches(
        self, requests: Sequence[Request], *, decoding: Decoding, size: int | None
    ) -> list[list[Request]]:
        """Batches in the order of the questions, so that a script knows which one it answers."""
        size = size or 4
        return [list(requests[start : start + size]) for start in range(0, len(requests), size)]

    def answers(
        self,
        batches: Sequence[Sequence[Request]],
        *,
        wanted: Set[str],
        decoding: Decoding,
        on_tokens: Callable[[int], None],
    ) -> Iterator[list[Answered]]:
        """One group a batch."""
        for batch in batches:
            yield [self._answer(one) for one in batch if one.key in wanted]

    def _answer(self, request: Request) -> Answered:
        prompt = "".join(map(chr, request.prompt.ids)).removeprefix("plain@1")
        self.prompts.append(prompt)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(request.key + "\n")
        for part, kind in self.failing.items():
            if part in prompt:
                completion = Completion("", "error", 0, 1, error="failed", error_kind=kind)
                return Answered(request.key, completion)
        return Answered(request.key, Completion(self.reply(prompt, request.seed), "stop", 5, 1))


def scripted_engine(*, device: str | None = None) -> ScriptedEngine:
    """One that can be made in another process."""
    return ScriptedEngine(device_name=device or "cpu")


def marked(prompt: str, mark: str) -> str:
    """What a prompt has between two marks."""
    found = re.search(rf"<{mark}>\n(.*?)\n</{mark}>", prompt, re.DOTALL)
    assert found, f"{mark!r} is not in {prompt!r}"
    return found[1]


def written(text: str) -> str:
    return f"<question>{text}</question>"


def person(prompt: str) -> str:
    """What a prompt says of a person, in one line."""
    return " and ".join(re.findall(r"^- The person (.*)\.$", prompt, re.MULTILINE))


def obedient(prompt: str, seed: int) -> str:
    """A new question for every seed of an answer, the person in a rewriting, and yes to all."""
    if "VERDICT" in prompt:
        return "It can be asked.\nVERDICT: yes"
    text = marked(prompt, "seed")
    if who := person(prompt):
        return written(f"I am somebody who {who}. {text}")
    return written(f"I am no. {seed}. {text}")


def candidates_in(folder: Path) -> list[Candidate]:
    return JobFolder(folder).candidates()


def without_times(folder: Path) -> list[dict[str, object]]:
    """The candidates of a job, but for when they were made."""
    return [one.model_dump(exclude={"created_at"}) for one in candidates_in(folder)]


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder; 0 where there is none."""
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder))
    except FileNotFoundError:  # also where a file was renamed just now
        return 0


def kill_at_size(child: int, folder: Path, n_bytes: int) -> bool:
    """Kill a process once its folder is that large; False if it ended by itself before."""
    while size_of(folder) < n_bytes:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])
