"""The dry run: what `generate` would do is said, is what it then does, and is not done."""

import re

import pytest

from equitymedqa.generation import GenerationError, prepare_engine
from equitymedqa.generation.dry_run import dry_run
from equitymedqa.generation.shards import Shard
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, QuestionSet
from tests.canned_engine import CannedEngine
from tests.dry_runs import GREEDY, SAMPLED, TEN, asked, made, planned, text_of
from tests.tiny_models import save_tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "answers" / "a.jsonl"


def test_dry_run_writes_nothing(tmp_path, out):
    planned(TEN, out)

    assert list(tmp_path.iterdir()) == []


def test_dry_run_leaves_a_file_that_is_there_as_it_is(out):
    made(TEN, out, limit=4)
    before = {path.name: path.read_bytes() for path in out.parent.iterdir()}

    planned(TEN, out)

    assert {path.name: path.read_bytes() for path in out.parent.iterdir()} == before


def test_questions_are_counted_by_set_as_made_refused_and_to_make(out):
    # Of three questions with two answers each, one is refused; one set's two answers are made.
    both = QuestionSet(
        "tiny",
        [*asked("Is it safe?", "<b>").questions, *asked("Why?", dataset="other").questions],
        [],
    )
    made(asked("Is it safe?"), out, decoding=SAMPLED, n_answers=2)

    run = planned(both, out, decoding=SAMPLED, n_answers=2)

    counts = {
        one.dataset: (one.n_questions, one.n_made, one.n_refused, one.n_to_make) for one in run.sets
    }
    assert counts == {"tiny": (2, 2, 2, 0), "other": (1, 0, 0, 2)}


def test_refused_questions_are_listed_with_the_first_reason(out):
    run = planned(asked("<b>", "Is it safe?", "<i>"), out)

    assert [(one.kind, one.n_questions, one.first_question) for one in run.refusals] == [
        ("prompt_refused", 2, "q0")
    ]
    assert "Refused as prompt_refused: 2 of the questions, first 'q0': the template" in text_of(run)


def test_prompt_that_leaves_no_room_for_the_answer_is_refused(out):
    run = planned(asked("Why?", "Why " * 20), out, engine=CannedEngine(context_length=80))

    assert [(one.kind, one.first_question) for one in run.refusals] == [("too_long", "q1")]
    assert run.n_to_make == 1


@pytest.mark.parametrize("way", [planned, made])
def test_limit_that_leaves_no_room_for_any_question_is_refused_with_one_that_does(out, way):
    questions = asked("Why?", "Is it safe for me?")

    with pytest.raises(GenerationError, match="leave no room for a question") as refused:
        way(
            questions,
            out,
            engine=CannedEngine(context_length=80),
            decoding=Decoding(max_new_tokens=100_000),
        )

    assert not out.parent.exists()
    most = int(re.search(r"at most (\d+) for an answer", str(refused.value))[1])
    for limit, n_to_make in ((most, 2), (most + 1, 1)):
        run = planned(
            questions,
            out,
            engine=CannedEngine(context_length=80),
            decoding=Decoding(max_new_tokens=limit),
        )
        assert run.n_to_make == n_to_make


def test_question_longer_than_the_context_is_a_failure_of_its_own(out):
    summary = made(asked("Why " * 100), out, engine=CannedEngine(context_length=80))

    assert summary.failures == {"too_long": 1}


def test_dry_run_says_what_generate_then_does(out):
    made(TEN, out, limit=3)
    engine = CannedEngine()

    run = planned(TEN, out, engine=engine, batch_size=1)
    summary = made(TEN, out, engine=engine, batch_size=1)

    assert run.n_to_make == summary.n_questions - summary.n_resumed == 7
    assert run.batches is not None
    assert run.batches.n_batches == len(engine.asked) == 7


def test_shards_of_a_dry_run_add_up_to_the_whole(out):
    parts = [planned(TEN, out, shard=Shard(index, 3)) for index in range(3)]

    assert sum(part.n_to_make for part in parts) == 10
    assert parts[0].path.name == "a.shard-0-of-3.jsonl"


def test_largest_batch_is_that_of_most_tokens(out):
    # One token a character: "plain@1" has 7, so the prompts have 8 to 27, and 30 may be written.
    # The longest alone takes 57 tokens, the two others together 2 x (9 + 30).
    engine = CannedEngine()
    engine.batches = lambda requests, **_: [[requests[2]], requests[:2]]

    run = planned(asked("?", "y?", "x" * 20), out, engine=engine)

    assert run.batches is not None
    assert (run.batches.rows, run.batches.n_tokens) == (2, 39)
    assert run.n_prompt_tokens == (8, 9, 27)


def test_torn_last_line_counts_as_missing(out):
    made(TEN, out)
    out.write_bytes(out.read_bytes()[:-5])

    run = planned(TEN, out)

    assert run.n_to_make == 1
    assert run.is_torn


def test_file_with_answers_made_in_another_way_is_refused_as_generate_does(out):
    made(TEN, out)

    with pytest.raises(GenerationError, match="seed: 0 there, 1 now"):
        planned(TEN, out, seed=1)


def test_several_answers_without_temperature_are_refused(out):
    with pytest.raises(GenerationError, match="3 answers to a question would all be the same"):
        planned(TEN, out, n_answers=3)
    with pytest.raises(GenerationError, match="3 answers to a question would all be the same"):
        made(TEN, out, n_answers=3)


def test_memory_is_that_of_weights_and_of_the_largest_batch(tiny, tmp_path):
    engine = prepare_engine(str(tiny), device="cpu")

    run = planned(asked("Is it safe?", "Why?"), tmp_path / "a.jsonl", engine=engine)

    assert run.memory is not None
    assert run.batches is not None
    # 2 layers x keys and values x 2 heads x 8 numbers x 4 bytes = 256 bytes a token.
    assert run.memory.cache == 2 * run.batches.n_tokens * 256
    # 4 bytes for each number of the model.
    n_numbers = sum(weights.numel() for weights in engine.model.parameters())
    assert run.memory.weights == pytest.approx(4 * n_numbers, rel=0.05)


def test_question_that_lacks_an_attribute_of_the_template_is_refused_by_itself(out, tiny):
    questions = asked("Is it safe?", "What now?")
    first = questions.questions[0].model_copy(update={"attributes": {"topic": "heart"}})
    mixed = QuestionSet("tiny", [first, questions.questions[1]], [])
    prompt = Prompt(name="mine", version=1, template="{{ attributes.topic }}: {{ question }}")
    engine = prepare_engine(str(tiny), device="cpu")

    run = dry_run(mixed, out=out, decoding=GREEDY, engine=engine, prompt=prompt)

    assert run.first is not None
    assert "heart: Is it safe?" in run.first.prompt.text
    assert [(one.kind, one.first_question) for one in run.refusals] == [("prompt_refused", "q1")]
    assert "no attribute 'topic'" in run.refusals[0].first_reason
