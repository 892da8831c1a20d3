"""What a job keeps in memory: places and prompts, not answers."""

import tracemalloc

from equitymedqa.generation import generate_answers
from equitymedqa.generation.plan import Job, plan_answers
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, QuestionRecord, QuestionSet
from tests.canned_engine import IDENTITY, CannedEngine, canned_questions

LONG = Decoding(max_new_tokens=9000)


def traced_peak(work) -> int:
    """Most bytes that the work held at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_job_holds_no_answers_in_memory(tmp_path):
    out = tmp_path / "a.jsonl"
    engine = CannedEngine(texts={"of": "Rest and drink water. " * 1000})

    def work():
        generate_answers(canned_questions(100), out=out, model=engine, decoding=LONG, batch_size=4)

    first, second = traced_peak(work), traced_peak(work)

    assert out.stat().st_size > 2e6
    assert max(first, second) < 1e6


def test_planned_prompts_share_their_tokens(tmp_path):
    long = "".join(chr(300 + number) for number in range(500))
    questions = [
        QuestionRecord(question_id=f"q{number}", dataset="canned", text=f"{number}{long}")
        for number in range(200)
    ]
    job = Job(IDENTITY, Prompt(name="plain", version=1), LONG, seed=0)
    writer = CannedEngine().prompt_writer(job.prompt)

    def work():
        plan_answers(QuestionSet("canned", questions, []), job, writer=writer, context_length=None)

    # A place in a list takes 8 bytes, and a number of its own would take 28 more.
    assert traced_peak(work) / 200 < 500 * 8 + 2500
