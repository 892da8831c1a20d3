"""Answer files of twelve small questions, made by an engine without a model."""

from pathlib import Path

from equitymedqa.generation import generate_answers, iter_answers
from equitymedqa.records import AnswerRecord, Decoding, QuestionSet
from tests.tiny_models import question_set

QUESTIONS = question_set(12)
SHORT = Decoding(max_new_tokens=10)

FAILING = {"@13. ": "timeout", "@14. ": "filtered"}
"""Questions 3 and 4: the canned engine sees name and version of the prompt, then the question."""


def generate(engine, out: Path, *, questions: QuestionSet = QUESTIONS, **changes):
    settings = {"decoding": SHORT, "batch_size": 4, **changes}
    return generate_answers(questions, out=out, model=engine, **settings)


def by_question(out: Path) -> dict[str, AnswerRecord]:
    return {answer.question.question_id: answer for answer in iter_answers(out)}
