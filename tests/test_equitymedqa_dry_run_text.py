"""A dry run as a person reads it: what is known is said, and what is not is said to be unknown."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from equitymedqa.cli.dry_run_text import described
from equitymedqa.generation import prepare_engine, read_answers
from equitymedqa.generation.manifest import manifest_path
from equitymedqa.prompts import find_prompt
from equitymedqa.records import QuestionSet
from tests.canned_engine import CannedEngine
from tests.dry_runs import TEN, asked, made, planned, text_of
from tests.tiny_models import save_tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "answers" / "a.jsonl"


def test_time_is_not_known_without_earlier_runs_or_a_given_pace(out):
    assert "Time: cannot be known" in text_of(planned(TEN, out))


def test_given_pace_gives_the_longest_time(out):
    # 10 answers of at most 30 tokens, 0.1 tokens a second: 3,000 seconds.
    said = text_of(planned(TEN, out), tokens_per_s=0.1)

    assert "at most 0:50:00 for 300 tokens at the given 0.1 tokens/s" in said
    assert "cannot be known" not in said


def lasted(out, seconds: float, **changes: object) -> None:
    """Let the only run of a manifest have taken so long."""
    manifest = json.loads(manifest_path(out).read_text())
    start = datetime.now(UTC) - timedelta(seconds=seconds / 2)
    manifest["runs"][0] |= {
        "started_at": start.isoformat(),
        "finished_at": (start + timedelta(seconds=seconds)).isoformat(),
        **changes,
    }
    manifest_path(out).write_text(json.dumps(manifest))


def test_time_is_told_from_the_pace_of_earlier_runs(out):
    # The run is given two hours, so its tokens per second are n / 7,200.
    made(TEN, out, limit=4)
    n_tokens = sum(answer.n_output_tokens for answer in read_answers([out]))
    lasted(out, 7200)

    run = planned(TEN, out)

    assert run.pace is not None
    assert (run.pace.n_answers, run.pace.n_tokens) == (4, n_tokens)
    assert run.pace.tokens_per_s == pytest.approx(n_tokens / 7200)
    # Six answers of the same mean length take one and a half times as long as four: 3 hours.
    assert "Time: 3:00:00 if the answers are as long as the 4 made before" in text_of(run)


@pytest.mark.parametrize(
    "change", [{"device": "cuda:0 (another)"}, {"revision": "sha256:9"}, {"dtype": "bfloat16"}]
)
def test_runs_of_another_model_or_device_tell_nothing(out, change):
    made(TEN, out, limit=4)
    lasted(out, 7200, **change)

    assert planned(TEN, out).pace is None


def test_run_that_was_broken_off_tells_nothing(out):
    made(TEN, out, limit=4)
    lasted(out, 7200, finished_at=None)

    assert planned(TEN, out).pace is None


def test_bars_count_each_prompt_once(out):
    # Lengths 8 (7 for "plain@1" and 1) three times, and 16 once: bins of one token.
    lines = list(described(planned(asked("a", "b", "c", "d" * 9), out)))

    start = next(place for place, line in enumerate(lines) if line.startswith("Tokens"))
    assert lines[start] == "Tokens of the prompts: 8 to 16, 40 in all"
    bars = [(line.split()[0], line.count("█"), line.split()[-1]) for line in lines[start + 1 :][:9]]
    assert bars[0] == ("8", 40, "3")
    assert bars[8] == ("16", 14, "1")
    assert [n for _, _, n in bars[1:8]] == ["0"] * 7


def test_every_line_fits_80_columns(out, tiny):
    wide = asked(
        "هل هذا الدواء آمن؟ " * 9,
        "这种药安全吗？" * 30,
        "A very long question indeed. " * 9 + "\tand\x1b[31m red \u202e this",
        dataset="a-set-with-a-name-that-no-one-would-give-to-a-set-of-questions",
    )
    engine = prepare_engine(str(tiny), device="cpu")

    for start in range(3):
        rest = QuestionSet(wide.dataset, wide.questions[start:], [])
        lines = list(described(planned(rest, out, engine=engine), tokens_per_s=1234.5678))

        assert max(map(cell_len, lines)) <= 80
        assert not any(character in line for line in lines for character in "\x1b\u202e\n")


def test_first_prompt_is_shown_as_it_reaches_the_model(out, tiny):
    engine = prepare_engine(str(tiny), device="cpu")

    run = planned(asked("Is it safe?"), out, engine=engine, prompt="consumer")
    lines = list(described(run))

    shown = lines[lines.index("─" * 80) + 1 : -1]
    assert shown[0].startswith("<s><|user|>You know medicine well")
    assert shown[-2:] == ["Question: Is it safe?", "Complete answer:</s><|assistant|>"]
    n_tokens = len(engine.prompt_writer(find_prompt("consumer")).write(TEN.questions[0]).ids)
    assert run.first is not None
    assert 0 < (run.first.prompt.n_tokens or 0) <= n_tokens


def test_set_without_a_question_that_can_be_asked_is_said_so(out):
    assert "No question can be asked." in text_of(planned(asked("<b>"), out))


def test_batch_larger_than_the_device_is_said_to_be_halved(tiny, tmp_path):
    run = planned(TEN, tmp_path / "a.jsonl", engine=prepare_engine(str(tiny), device="cpu"))
    assert run.memory is not None
    object.__setattr__(run, "memory", run.memory._replace(device=1000))

    assert "too much: batches will be halved" in text_of(run)


def test_job_that_is_done_has_nothing_left_to_make(out):
    made(TEN, out)

    run = planned(TEN, out)

    assert run.n_to_make == 0
    assert "nothing is left to make" in text_of(run)
    assert "Time" not in text_of(run)


def test_server_is_not_said_to_have_batches_or_memory_that_nobody_knows(out):
    class ServedWriter:
        form = "chat"

        def write(self, question):
            prompt = CannedEngine().prompt_writer(find_prompt("plain")).write(question)
            return type(prompt)(prompt.sha256, text=question.text)

    engine = CannedEngine()
    engine.prompt_writer = lambda prompt, **_: ServedWriter()

    said = text_of(planned(TEN, out, engine=engine))

    assert "only the server can count them" in said
    assert "Batches: the server forms them" in said
    assert "Memory: not known" in said
