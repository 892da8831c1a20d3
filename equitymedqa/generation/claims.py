"""Whether a server's own words bear out what the record of an answer claims.

A record says which model answered and how much it was allowed to write. A reply may say otherwise,
and then it is no answer of that model, asked in that way.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import replace

from equitymedqa.generation.engine import Completion
from equitymedqa.generation.errors import GenerationError
from equitymedqa.records import AnswerRecord, ErrorKind

MODEL = "model"
"""Under this word the record keeps the name by which a server says that it answered."""

DECLARED = "declared:"
"""A revision that begins so was declared by whoever holds the weights."""

SYSTEM = "system"
NOT_VERIFIED = "not verified"

# What a vendor adds to the name of a model for one of its snapshots: a date, a number, a commit.
# No dot before it: gpt-4.1 is no snapshot of gpt-4.
SNAPSHOT = re.compile(r"[-_:]v?\d[\d.-]*|@.+")

REST_OF_A_CHARACTER = 3
"""Tokens by which llama.cpp passes the limit where it would cut through a character's bytes."""


def is_name_of(reported: str, asked: str) -> bool:
    """Whether a name is the one that was asked for, or that of a snapshot of it.

    Folders and owners before the name do not count.
    """
    short = asked.rsplit("/", 1)[-1].removesuffix("-latest").casefold()
    name = reported.rsplit("/", 1)[-1].casefold()
    rest = name.removeprefix(short)
    return name == short or (rest != name and SNAPSHOT.fullmatch(rest) is not None)


class AnsweringModel:
    """Tells the answers of the model that a job asks from those of any other.

    A vendor answers by the name of the snapshot that stands behind an alias. The name that was
    asked for is the model's own, and beside it the first other one: any, if it came before all
    others, or else a snapshot's.

    Parameters
    ----------
    asked
        The model's name in the requests.
    before
        Names by which it answered before, in the file that is to be filled.
    """

    def __init__(self, asked: str, *, before: Set[str] = frozenset()) -> None:
        self._asked = asked
        self._names = before

    def begin(self, reported: Set[str], *, address: str, is_declared: bool) -> None:
        """Take the names by which a server answered a probe.

        Parameters
        ----------
        is_declared
            Whether the holder of the weights declared which they are, whatever their name.

        Raises
        ------
        GenerationError
            If another model answered than is asked, or than answered before. A name under which
            it answered before is borne out by that.
        """
        before = self._names
        if others := self.others(reported):
            raise GenerationError(
                f"{address} says that {_listed(others)} answers, and before that it was "
                f"{self.names}: answers of two models are not to be mixed. Ask for one of them "
                "by its own name, into a file of its own"
            )
        strange = {name for name in reported - before if not is_name_of(name, self._asked)}
        if strange and not is_declared:
            raise GenerationError(
                f"{address} was asked for {self._asked!r} and says that {_listed(strange)} "
                "answers. Ask for that by its name or, if it is the model that you mean, declare "
                "its revision"
            )

    @property
    def names(self) -> str:
        """The names by which it answered, to be read."""
        return _listed(self._names or {self._asked})

    def others(self, reported: Set[str]) -> Set[str]:
        """Those of some names that are another model's."""
        if not self._names - {self._asked}:
            found = {
                name
                for name in reported - {self._asked}
                if not self._names or is_name_of(name, self._asked)
            }
            self._names |= set(sorted(found)[:1])
        self._names |= reported & {self._asked}
        return reported - self._names

    def borne_out(self, answer: Completion) -> Completion:
        """The answer or, if another model gave it, the failure that it is."""
        name = answer.reported.get(MODEL)
        if name is None or answer.error or not self.others({name}):
            return answer
        return _failed(answer, "other_model", f"{name!r} answered, and before that {self.names}")


def is_over_limit(n_tokens: int, max_new_tokens: int) -> bool:
    """Whether an answer has more tokens than a server that minds its limit would have written."""
    return n_tokens > max_new_tokens + REST_OF_A_CHARACTER


def within_limit(answer: Completion, max_new_tokens: int) -> Completion:
    """The answer or, if it is longer than was allowed, the failure that it is."""
    if answer.error or not is_over_limit(answer.n_output_tokens, max_new_tokens):
        return answer
    return _failed(answer, "over_limit", _too_long(answer.n_output_tokens, max_new_tokens))


class Doubts:
    """What the answers of one file claim, and their servers' words do not bear out."""

    def __init__(self) -> None:
        self._models: dict[tuple[str, str], AnsweringModel] = {}

    def of(self, answer: AnswerRecord) -> Iterator[tuple[str, str]]:
        """The doubts about one more answer, each with its kind."""
        if answer.finish_reason == "error":
            return
        if answer.reported.get(SYSTEM) == NOT_VERIFIED:
            yield "system", "nobody knows whether the server read the system text"
        n_tokens, limit = answer.n_output_tokens, answer.decoding.max_new_tokens
        if is_over_limit(n_tokens, limit):
            yield "over_limit", _too_long(n_tokens, limit)
        if name := answer.reported.get(MODEL):
            yield from self._of_name(answer, name)

    def _of_name(self, answer: AnswerRecord, name: str) -> Iterator[tuple[str, str]]:
        key = (answer.source, answer.revision)
        model = self._models.setdefault(key, AnsweringModel(answer.model))
        if model.others({name}):
            yield "other_model", f"{name!r} answered, and before that {model.names}"
        elif not (answer.revision.startswith(DECLARED) or is_name_of(name, answer.model)):
            yield "other_model", f"{name!r} answered, and {answer.model!r} was asked"


def _listed(names: Set[str]) -> str:
    return " and ".join(map(repr, sorted(names)))


def _too_long(n_tokens: int, limit: int) -> str:
    return f"the server wrote {n_tokens} tokens although {limit} were allowed"


def _failed(answer: Completion, kind: ErrorKind, why: str) -> Completion:
    return replace(
        answer, text="", stripped=None, finish_reason="error", error=why, error_kind=kind
    )
