"""Several devices at one job: the same answers in the same batches, whoever gives them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError, generate_answers, iter_answers, prepare_engine
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.generation.workers import DeviceWorkers
from equitymedqa.records import Decoding
from tests.light_engine import LightEngine, light_engine, questions
from tests.tiny_models import question_set, save_tiny_model

SHORT = Decoding(max_new_tokens=6)


@pytest.fixture(scope="module")
def two():
    """Two workers that live as long as the tests of this module."""
    engine = DeviceWorkers(light_engine, ["cpu", "cpu:1"])
    yield engine
    engine.stop()


def answered(engine, out: Path, asked=None, **changes):
    return generate_answers(
        asked or questions(), out=out, model=engine, decoding=SHORT, batch_size=3, **changes
    )


def texts(out: Path) -> dict[str, str]:
    return {answer.question.question_id: answer.text for answer in iter_answers(out)}


def batch_sizes(out: Path) -> dict[str, int]:
    return {answer.answer_id: answer.batch_size for answer in iter_answers(out)}


def mortal(tmp_path: Path) -> tuple[DeviceWorkers, Path]:
    """Workers of the test's own, and a file for them."""
    return DeviceWorkers(light_engine, ["cpu", "cpu"]), tmp_path / "a.jsonl"


def test_workers_answer_as_one_engine_does(two, tmp_path):
    answered(two, tmp_path / "two.jsonl", questions(20))
    answered(LightEngine(), tmp_path / "one.jsonl", questions(20))

    assert texts(tmp_path / "two.jsonl") == texts(tmp_path / "one.jsonl")
    assert batch_sizes(tmp_path / "two.jsonl") == batch_sizes(tmp_path / "one.jsonl")


def test_job_of_one_device_goes_on_with_two_in_the_same_batches(two, tmp_path):
    out = tmp_path / "a.jsonl"
    answered(LightEngine(), tmp_path / "one.jsonl", questions(20))
    lines = (tmp_path / "one.jsonl").read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:7]))

    summary = answered(two, out, questions(20))

    assert (summary.n_resumed, summary.n_questions) == (7, 20)
    assert out.read_bytes().startswith(b"".join(lines[:7]))
    assert batch_sizes(out) == batch_sizes(tmp_path / "one.jsonl")


def test_job_of_two_devices_is_not_done_again_by_one(two, tmp_path):
    answered(two, tmp_path / "a.jsonl")
    one = LightEngine()

    summary = answered(one, tmp_path / "a.jsonl")

    assert (summary.n_resumed, one.answered) == (12, [])


def test_manifest_names_all_devices_with_their_threads(two, tmp_path):
    answered(two, tmp_path / "a.jsonl")

    threads = os.environ.get("OMP_NUM_THREADS") or max(1, (os.cpu_count() or 1) // 2)
    assert read_manifest(tmp_path / "a.jsonl").runs[0].device == (
        f"cpu ({threads} threads), cpu:1 ({threads} threads)"
    )


def test_refused_question_does_not_stop_the_workers(two, tmp_path):
    summary = answered(two, tmp_path / "a.jsonl", questions(8, q3="REFUSED"))

    assert (summary.n_stop, summary.n_error) == (7, 1)


class Count:
    """A progress that only counts tokens."""

    tokens = 0

    def note(self, text: str) -> None:
        """Nothing to note."""

    def begin(self, label: str, **_: object) -> None:
        """Nothing to begin."""

    def advance(self, *, tokens: int = 0, **_: object) -> None:
        """Count."""
        self.tokens += tokens

    def end(self) -> None:
        """Nothing to end."""


def test_tokens_of_all_workers_are_counted(two, tmp_path):
    count = Count()

    answered(two, tmp_path / "a.jsonl", questions(20), progress=count)

    assert count.tokens == 20


def test_tokens_of_a_dead_worker_are_uncounted(tmp_path):
    engine, out = mortal(tmp_path)
    count = Count()

    with pytest.raises(GenerationError, match="died"):
        answered(engine, out, questions(20, q4="DEADLY"), progress=count)

    assert count.tokens == 17


def test_dead_worker_is_named_with_its_last_words(tmp_path):
    engine, out = mortal(tmp_path)

    with pytest.raises(
        GenerationError,
        match=r"the worker on cpu died: killed by SIGKILL / about to meet my end. .* run the same",
    ):
        answered(engine, out, questions(20, q4="DEADLY"))


def test_other_workers_go_on_when_one_dies(tmp_path):
    engine, out = mortal(tmp_path)

    with pytest.raises(GenerationError, match="17 of 20 answers were made"):
        answered(engine, out, questions(20, q4="DEADLY"))

    # All but the three of the batch that killed.
    assert len(texts(out)) == 17


def test_job_goes_on_after_a_death(tmp_path):
    out = tmp_path / "a.jsonl"
    engine = DeviceWorkers(partial(light_engine, once=tmp_path / "died"), ["cpu", "cpu"])
    with pytest.raises(GenerationError, match="died"):
        answered(engine, out, questions(20, q4="DEADLY"))

    summary = answered(engine, out, questions(20, q4="DEADLY"))
    engine.stop()

    assert (summary.n_resumed, summary.n_stop) == (17, 20)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("HOPELESS", "cpu gave up: memory does not suffice"),
        ("BUGGY", "cpu died: .*ZeroDivisionError: nobody foresaw this"),
    ],
)
def test_worker_that_gives_up_says_why(tmp_path, word, words):
    engine, out = mortal(tmp_path)

    with pytest.raises(GenerationError, match=words):
        answered(engine, out, questions(9, q4=word))


def test_job_ends_when_all_workers_are_dead(tmp_path):
    engine, out = mortal(tmp_path)
    deadly = {f"q{number}": f"DEADLY {number}" for number in range(12)}

    with pytest.raises(GenerationError, match=r"cpu died.*; the worker on cpu died.* 0 of 12"):
        answered(engine, out, questions(12, **deadly))


def test_no_process_is_left_after_a_death(two, tmp_path):
    two.load_weights()
    before = children()
    engine, out = mortal(tmp_path)
    with pytest.raises(GenerationError, match="died"):
        answered(engine, out, questions(9, q4="DEADLY"))

    assert children() == before


def test_devices_of_two_kinds_are_refused(tmp_path):
    engine = DeviceWorkers(light_engine, ["cpu", "odd"])

    with pytest.raises(GenerationError, match="odd would give other answers: dtype is 'float64'"):
        answered(engine, tmp_path / "a.jsonl")

    assert not (tmp_path / "a.jsonl").read_bytes()


def test_device_that_cannot_be_used_is_refused_before_the_first_answer(tmp_path):
    engine = DeviceWorkers(light_engine, ["cpu", "broken"])

    with pytest.raises(GenerationError, match="broken gave up: the weights are not whole"):
        answered(engine, tmp_path / "a.jsonl")


def test_model_answers_by_two_processes_as_by_one(tmp_path):
    folder = save_tiny_model(tmp_path / "tiny-llama")
    engine = prepare_engine(str(folder), device="cpu,cpu")

    answered(engine, tmp_path / "two.jsonl", question_set(9))
    engine.stop()

    answered(prepare_engine(str(folder), device="cpu"), tmp_path / "one.jsonl", question_set(9))
    assert texts(tmp_path / "two.jsonl") == texts(tmp_path / "one.jsonl")
    assert read_manifest(tmp_path / "two.jsonl").runs[0].device.count("cpu (") == 2


@pytest.mark.parametrize("devices", ["cpu,cuda:99", "tpu,cpu", "cpu,,cpu", "cuda:all"])
def test_device_that_is_not_there_is_refused_among_several(tmp_path, devices):
    folder = save_tiny_model(tmp_path / "tiny-llama")

    with pytest.raises(GenerationError, match=r"device '.*' is (not there|none of cpu, cuda)"):
        prepare_engine(str(folder), device=devices)


def children() -> set[int]:
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def endless_job(out: Path) -> None:
    """A job that never ends, for a process of its own."""
    engine = DeviceWorkers(light_engine, ["cpu", "cpu"])
    generate_answers(
        questions(6, q0="ENDLESS"),
        out=out,
        model=engine,
        decoding=SHORT,
        batch_size=1,
    )


@pytest.fixture(params=[signal.SIGINT, signal.SIGKILL], ids=["interrupted", "parent killed"])
def stopped_job(request, tmp_path) -> Iterator[tuple[int, Path]]:
    """The group of processes of a job that was stopped, and its file."""
    out = tmp_path / "a.jsonl"
    call = f"from tests.test_equitymedqa_workers import *; endless_job(Path({str(out)!r}))"
    job = subprocess.Popen(
        [sys.executable, "-c", call],
        cwd=Path(__file__).parents[1],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert wait_until(lambda: out.exists() and out.read_bytes().count(b"\n") == 5)
        if request.param == signal.SIGINT:
            # As Ctrl-C does, to the whole group.
            os.killpg(job.pid, signal.SIGINT)
        else:
            os.kill(job.pid, signal.SIGKILL)
        job.wait(timeout=30)
        yield job.pid, out
    finally:
        with suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)


def test_stopped_job_leaves_no_worker(stopped_job):
    group, _ = stopped_job

    assert wait_until(lambda: is_gone(group))


def test_stopped_job_keeps_what_its_workers_answered(stopped_job):
    _, out = stopped_job

    assert sorted(texts(out)) == ["q1", "q2", "q3", "q4", "q5"]


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def wait_until(is_so: Callable[[], bool]) -> bool:
    for _ in range(3000):
        if is_so():
            return True
        time.sleep(0.01)
    return False
