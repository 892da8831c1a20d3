"""Answers made once more: which of them must be the same, and what is told of the others."""

from pathlib import Path

import pytest

from equitymedqa.generation.verifying import verify_answers
from tests.canned_engine import CannedEngine
from tests.small_answer_files import by_question, generate


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "answers.jsonl"


@pytest.fixture
def engine() -> CannedEngine:
    return CannedEngine()


def test_changed_word_breaks_the_promise_and_is_found(out, engine):
    generate(engine, out)
    changed = by_question(out)["q5"].text.split()[0]

    verification = verify_answers(
        out, n=12, model=CannedEngine(texts={"@15. ": f"{changed} something else"})
    )

    [broken] = verification.broken
    assert broken.record.question.question_id == "q5"
    assert broken.first_difference == len(changed) + 1


def test_draw_depends_on_its_seed_alone(out, engine):
    generate(engine, out)

    def drawn(seed: int) -> list[str]:
        found = verify_answers(out, n=4, seed=seed, model=engine).comparisons
        return [one.record.answer_id for one in found]

    assert drawn(1) == drawn(1) != drawn(2)


def test_batch_is_formed_again_where_it_decides(out):
    engine = CannedEngine(repeatable="in_same_batch")
    generate(engine, out)
    then = {frozenset(batch) for batch in engine.asked}
    engine.asked.clear()

    verification = verify_answers(out, n=2, model=engine)

    assert all(one.is_promised and one.is_same for one in verification.comparisons)
    assert 1 <= len(engine.asked) <= 2
    assert {frozenset(batch) for batch in engine.asked} <= then


def test_batch_with_a_lost_neighbour_promises_nothing(out):
    engine = CannedEngine(repeatable="in_same_batch")
    generate(engine, out)
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[1:4]))

    verification = verify_answers(out, model=engine)

    assert len(verification.comparisons) == 3
    assert not any(one.is_promised for one in verification.comparisons)
    assert verification.broken == []


def test_answer_of_a_server_breaks_no_promise(out):
    generate(CannedEngine(repeatable="not_promised"), out)

    verification = verify_answers(
        out, n=12, model=CannedEngine(repeatable="not_promised", texts={"@1": "other"})
    )

    assert not any(one.is_same for one in verification.comparisons)
    assert verification.broken == []


def test_other_device_is_told(out, engine):
    generate(engine, out)

    verification = verify_answers(out, n=1, model=CannedEngine(device_name="cpu (64 threads)"))

    assert verification.changes == {"device": ("cpu (1 threads)", "cpu (64 threads)")}
