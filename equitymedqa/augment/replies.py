"""What a model's reply says, read strictly: what is not plain is not guessed."""

import re
from typing import Literal, NamedTuple

from equitymedqa.fields import fault_of
from equitymedqa.records import AnswerRecord

Verdict = Literal["yes", "no", "unclear"]
"""`unclear` where a reply gives no verdict, or more than one: never taken for a yes."""

_MARKED = re.compile(r"<question>(.*?)</question>", re.DOTALL | re.IGNORECASE)
_MARK = re.compile(r"</?question>", re.IGNORECASE)
_VERDICT = re.compile(r"^[\s*_]*verdict[\s*_]*:[\s*_]*(.*?)[\s*_.]*$", re.IGNORECASE)
_WORD = re.compile(r"[\s*_\"']*(yes|no)[\s*_\"'.]*", re.IGNORECASE)


class WrittenQuestion(NamedTuple):
    """The question that a reply holds, or why it holds none."""

    text: str
    fault: str | None


class Judged(NamedTuple):
    """A reply's verdict, and why it has none."""

    verdict: Verdict
    why_unclear: str | None


def written_question(answer: AnswerRecord) -> WrittenQuestion:
    """The one question between `<question>` and `</question>`, without space around it."""
    if fault := _unfinished(answer):
        return WrittenQuestion("", fault)
    marked = _MARKED.findall(answer.text)
    if len(marked) != 1 or len(_MARK.findall(answer.text)) != 2:
        return WrittenQuestion("", f"the reply marks {len(marked)} questions instead of one")
    text = marked[0].strip()
    if fault := fault_of(text):
        return WrittenQuestion("", f"the question is {fault}")
    return WrittenQuestion(text, None)


def judged(answer: AnswerRecord) -> Judged:
    """The verdict of a reply that is one word, or has one line `VERDICT: yes` or `VERDICT: no`."""
    if fault := _unfinished(answer):
        return Judged("unclear", fault)
    if whole := _WORD.fullmatch(answer.text):
        return Judged(_verdict(whole[1]), None)
    lines = [found[1] for line in answer.text.splitlines() if (found := _VERDICT.match(line))]
    if len(lines) != 1:
        return Judged("unclear", f"the reply has {len(lines)} verdicts instead of one")
    word = _WORD.fullmatch(lines[0])
    if word is None:
        return Judged("unclear", f"the verdict {lines[0][:40]!r} is neither yes nor no")
    return Judged(_verdict(word[1]), None)


def _verdict(word: str) -> Verdict:
    return "yes" if word.lower() == "yes" else "no"


def _unfinished(answer: AnswerRecord) -> str | None:
    if answer.finish_reason == "error":
        return f"there is no reply: {answer.error}"
    if answer.finish_reason == "length":
        return "the reply was cut at the token limit"
    return None
