"""How far a job is: on a terminal, as lines, and in a log that a cluster reads."""

import json
import os
import sys
import threading
from io import StringIO

import pytest
from rich.console import Console

from equitymedqa.generation import GenerationError
from equitymedqa.generation.pace import Pace
from equitymedqa.generation.progress import ProgressBar, ProgressLines, ProgressToSeveral
from equitymedqa.generation.progress_log import ProgressLog
from equitymedqa.generation.usage import gpu_peak, process_memory


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def spoken(clock):
    """Plain lines, and the stream they go to."""
    stream = StringIO()
    return ProgressLines(stream, clock=clock, memory=lambda: ["2.0 GiB"]), stream


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_progress_says_a_line_at_the_start_every_minute_and_at_the_end(spoken, clock):
    # Four answers of 60 tokens, 50 seconds each: lines after 0, 100 and 200 seconds.
    lines, stream = spoken

    lines.begin("m/plain", total=4, done=0)
    for _ in range(4):
        clock.now += 50
        lines.advance(questions=1, tokens=60, prompt_tokens=10)
    lines.end()

    assert stream.getvalue().splitlines() == [
        "m/plain: 0 of 4 answers, 2.0 GiB",
        "m/plain: 2 of 4 answers, 1 tokens/s (1 since the start), 20 tokens in and 120 out, "
        "0:01:40 left, 2.0 GiB",
        "m/plain: 4 of 4 answers, 1 tokens/s (1 since the start), 40 tokens in and 240 out, "
        "2.0 GiB",
    ]


def test_questions_of_an_earlier_run_do_not_count_for_the_time_left(spoken, clock):
    # 2 of the 8 that were left took 30 seconds, so the other 6 take 90.
    lines, stream = spoken

    lines.begin("m/plain", total=100, done=92)
    clock.now = 30
    lines.advance(questions=2, tokens=600)
    lines.end()

    assert "94 of 100 answers, 20 tokens/s" in stream.getvalue()
    assert "0:01:30 left" in stream.getvalue()


def test_failures_are_said_and_do_not_make_the_job_look_short(clock):
    # Two answers of 100 tokens in 10 seconds, and 50 refused at once: 48 x 100 tokens at 20/s.
    pace = Pace(clock, total=100, done=0)

    pace.count(questions=50, errors=50)
    clock.now = 10
    pace.count(questions=2, tokens=200)

    assert pace.left_s == 240
    assert "52 of 100 answers, 50 failed" in pace.sentence()


def test_tokens_of_answers_that_are_under_way_are_not_still_to_be_written(clock):
    # 2 answers took 200 tokens; of the 200 that the other two will take, 50 are written.
    pace = Pace(clock, total=4, done=0)

    clock.now = 10
    pace.count(questions=2, tokens=200)
    pace.count(tokens=50)
    assert pace.tokens_left == 150

    pace.count(questions=1, errors=1)
    assert pace.tokens_left == 50


def test_recent_pace_forgets_what_is_longer_ago_than_a_minute(clock):
    # 1,000 tokens a second for an hour, then 10 a second for two minutes.
    pace = Pace(clock, total=2, done=0)
    for seconds, tokens in ((3600, 1000), (120, 10)):
        for _ in range(seconds):
            clock.now += 1
            pace.count(tokens=tokens)

    assert pace.recent_tokens_per_s == 10
    # 3,601,200 tokens in 3,720 seconds.
    assert pace.tokens_per_s == pytest.approx(968.06, abs=0.01)


def test_tokens_that_were_lost_are_not_counted(clock):
    pace = Pace(clock, total=2, done=0)

    clock.now = 10
    pace.count(tokens=500)
    pace.count(tokens=-500)

    assert (pace.tokens, pace.recent_tokens_per_s) == (0, 0)


def test_time_left_is_unknown_before_the_first_answer(clock):
    pace = Pace(clock, total=2, done=0)

    clock.now = 10
    pace.count(tokens=500)

    assert pace.left_s is None


def test_engine_that_counts_no_tokens_is_paced_by_its_questions(clock):
    pace = Pace(clock, total=10, done=0)

    clock.now = 20
    pace.count(questions=2)

    assert pace.left_s == 80


def test_bar_shows_questions_pace_and_failures():
    stream = StringIO()
    bar = ProgressBar(Console(file=stream, force_terminal=True, width=120))

    bar.begin("m/plain", total=4, done=1)
    bar.advance(questions=3, tokens=1260, prompt_tokens=40, errors=1)
    bar.end()

    assert "4/4" in stream.getvalue()
    assert "tokens/s, 40 in, 1.3k out, 1 failed" in stream.getvalue()
    assert "GiB" in stream.getvalue()


def test_bar_leaves_nothing_out_on_a_screen_of_80_columns(monkeypatch):
    used = ["13.4 GiB", "GPU 120.1 GiB"]
    monkeypatch.setattr("equitymedqa.generation.progress.memory_used", lambda: used)
    stream = StringIO()
    bar = ProgressBar(Console(file=stream, force_terminal=True, width=80))

    bar.begin("m/plain", total=20_000, done=0)
    bar.advance(questions=12_345, tokens=3_456_000, prompt_tokens=345_678, errors=12)
    bar.end()

    words = " ".join(stream.getvalue().split())
    assert "12345/20000" in words
    assert "tokens/s, 346k in, 3.5M out, 12 failed" in words
    assert "left, 13.4 GiB, GPU 120.1 GiB" in words


@pytest.mark.parametrize(
    ("n_tokens", "said"),
    [
        (999, "999"),
        (1000, "1.0k"),
        (9949, "9.9k"),
        (9950, "10k"),
        (345_678, "346k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (45_000_000, "45M"),
    ],
)
def test_bar_says_tokens_in_few_characters(clock, n_tokens, said):
    pace = Pace(clock, total=2, done=0)

    pace.count(tokens=n_tokens)

    assert f"0 in, {said} out" in pace.short()


def test_screen_and_log_are_told_the_same(tmp_path, spoken, clock):
    lines, stream = spoken
    log = ProgressLog(tmp_path / "log.jsonl", clock=clock)
    both = ProgressToSeveral([lines, log])

    both.begin("m/plain", total=3, done=1)
    clock.now = 1
    both.advance(questions=2, tokens=30, prompt_tokens=12, errors=1)
    both.end()

    assert "3 of 3 answers, 1 failed" in stream.getvalue()
    assert lines_of(tmp_path / "log.jsonl")[-1]["tokens_in"] == 12


def test_counts_of_every_line_of_the_log_add_up(tmp_path):
    path = tmp_path / "logs" / "log.jsonl"
    log = ProgressLog(path, shard="0/2", every_s=0.01)

    log.begin("m/plain", total=20, done=5)
    for _ in range(5):
        log.advance(questions=3, tokens=30, prompt_tokens=12, errors=1)
    while len(path.read_text().splitlines()) < 3:
        log.advance(tokens=1)
    log.end()

    lines = lines_of(path)
    assert [line["event"] for line in lines[:2]] == ["begin", "progress"]
    assert lines[-1]["event"] == "end"
    for line in lines:
        parts = (line["resumed"], line["answered"], line["failed"], line["left"])
        assert sum(parts) == line["total"] == 20
    assert (lines[-1]["answered"], lines[-1]["failed"], lines[-1]["tokens_in"]) == (10, 5, 60)


def test_line_of_the_log_says_who_wrote_it(tmp_path):
    log = ProgressLog(tmp_path / "log.jsonl", shard="1/2")

    log.begin("m/plain", total=1, done=0)
    log.end()

    line = lines_of(tmp_path / "log.jsonl")[0]
    assert (line["pid"], line["shard"], line["source"]) == (os.getpid(), "1/2", "m/plain")
    assert line["time"].endswith("+00:00")
    assert line["memory_bytes"] > 2**20


def test_log_goes_on_while_a_step_takes_long(tmp_path):
    path = tmp_path / "log.jsonl"
    log = ProgressLog(path, every_s=0.01)

    log.begin("m/plain", total=1, done=0)
    while len(path.read_text().splitlines()) < 4:
        threading.Event().wait(0.01)
    log.end()

    assert {line["event"] for line in lines_of(path)[1:4]} == {"progress"}


def test_log_of_a_killed_process_is_continued_on_a_line_of_its_own(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"event": "begin"}\n{"eve')

    log = ProgressLog(path)
    log.begin("m/plain", total=1, done=0)
    log.end()

    whole = path.read_text().splitlines()
    assert whole[:2] == ['{"event": "begin"}', '{"eve']
    assert [json.loads(line)["event"] for line in whole[2:]] == ["begin", "end"]


def test_log_that_cannot_be_written_is_refused_at_the_start(tmp_path):
    with pytest.raises(GenerationError, match=r"log .* cannot be written: Is a directory"):
        ProgressLog(tmp_path)


def test_job_goes_on_when_its_log_cannot_be_written_any_more(tmp_path, capsys):
    path = tmp_path / "log.jsonl"
    log = ProgressLog(path)
    log.begin("m/plain", total=1, done=0)
    path.unlink()
    path.mkdir()

    log.end()

    assert "Is a directory; the job goes on" in capsys.readouterr().err


def test_memory_of_this_process_is_measured():
    before = process_memory()
    block = bytearray(64 * 2**20)

    assert process_memory() - before > 32 * 2**20
    assert len(block) == 64 * 2**20


def test_no_gpu_is_told_where_torch_was_not_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)

    assert gpu_peak() is None
