"""One start of a job: resuming with other labels, sampling, and what is counted."""

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from equitymedqa.generation import (
    GenerationError,
    generate_answers,
    iter_answers,
    prepare_engine,
    read_answers,
)
from equitymedqa.generation.engine import Answered
from equitymedqa.generation.identity import file_sha256
from equitymedqa.generation.manifest import manifest_path, read_manifest
from equitymedqa.records import Decoding, PairRecord, QuestionRecord, QuestionSet
from tests.canned_engine import CannedEngine, canned_questions
from tests.tiny_models import question_set, save_tiny_model

SHORT = Decoding(max_new_tokens=8)
FIRST, SECOND, THIRD = question_set(3).questions


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="module")
def engine(folder):
    return prepare_engine(str(folder), device="cpu")


def pair(name: str, first: QuestionRecord, second: QuestionRecord) -> PairRecord:
    return PairRecord(pair_id=name, dataset="tiny", question_1=first, question_2=second)


def run(engine, out: Path, *pairs: PairRecord, questions=(FIRST, SECOND, THIRD)):
    content = QuestionSet("tiny", list(questions), list(pairs))
    return generate_answers(content, out=out, model=engine, decoding=SHORT)


def pairs_in(out: Path) -> dict[str, list[str]]:
    return {
        answer.question.question_id: [side.pair_id for side in answer.pairs]
        for answer in read_answers([out])
    }


def test_answer_gets_the_pairs_that_its_question_got_since(engine, tmp_path):
    out = tmp_path / "a.jsonl"
    run(engine, out, pair("12", FIRST, SECOND))
    before = {answer.answer_id: answer.text for answer in read_answers([out])}

    summary = run(engine, out, pair("12", FIRST, SECOND), pair("13", FIRST, THIRD))

    assert pairs_in(out) == {"q0": ["12", "13"], "q1": ["12"], "q2": ["13"]}
    assert {answer.answer_id: answer.text for answer in read_answers([out])} == before
    assert (summary.n_resumed, summary.n_output_tokens) == (3, 0)


def test_answer_gets_the_labels_that_its_question_got_since(engine, tmp_path):
    out = tmp_path / "a.jsonl"
    run(engine, out)
    labelled = FIRST.model_copy(update={"attributes": {"axis": "age"}})

    run(engine, out, questions=(labelled, SECOND, THIRD))

    found = {answer.question.question_id: answer.question for answer in iter_answers(out)}
    assert found == {"q0": labelled, "q1": SECOND, "q2": THIRD}


def test_answer_labelled_anew_counts_once_in_the_manifest(engine, tmp_path):
    out = tmp_path / "a.jsonl"
    run(engine, out)
    run(engine, out, pair("12", FIRST, SECOND))

    assert len(out.read_text().splitlines()) == 5
    assert read_manifest(out).counts.done == len(list(iter_answers(out))) == 3


def test_answers_are_labelled_anew_only_once(engine, tmp_path):
    out = tmp_path / "a.jsonl"
    run(engine, out)
    run(engine, out, pair("12", FIRST, SECOND))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    run(engine, out, pair("12", FIRST, SECOND))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_questions_of_two_sets_with_the_same_ids_keep_their_own_pairs(engine, tmp_path):
    elsewhere = [one.model_copy(update={"dataset": "singles"}) for one in (FIRST, SECOND)]
    questions = (*elsewhere, FIRST, SECOND)

    run(engine, tmp_path / "a.jsonl", pair("12", FIRST, SECOND), questions=questions)

    paired = Counter(
        answer.question.dataset for answer in iter_answers(tmp_path / "a.jsonl") if answer.pairs
    )
    assert paired == {"tiny": 2}


def sampled(engine, out: Path, *, seed: int = 0, batch_size: int = 4, **decoding: float):
    way = Decoding(**{"max_new_tokens": 12, "temperature": 0.8, "top_p": 0.9, **decoding})
    generate_answers(
        question_set(), out=out, model=engine, decoding=way, seed=seed, batch_size=batch_size
    )
    return {answer.question.question_id: answer.text for answer in iter_answers(out)}


def test_sampled_job_gives_the_same_texts_whatever_the_batch_size(engine, tmp_path):
    one_by_one = sampled(engine, tmp_path / "a.jsonl", batch_size=1)

    assert sampled(engine, tmp_path / "b.jsonl", batch_size=4) == one_by_one


@pytest.mark.parametrize("change", [{"seed": 1}, {"temperature": 1.5}, {"top_p": 0.2}], ids=str)
def test_sampled_job_gives_other_texts_another_way(engine, tmp_path, change):
    before = sampled(engine, tmp_path / "a.jsonl")

    assert sampled(engine, tmp_path / "b.jsonl", **change) != before


def test_manifest_counts_answers_by_how_they_ended(tmp_path):
    # Prompts of 13, 16, 17, 20, 21 and 21 tokens, and 8 for the answer: three are too long for 27.
    engine = prepare_engine(str(save_tiny_model(tmp_path / "m", context=27)), device="cpu")
    generate_answers(question_set(), out=tmp_path / "a.jsonl", model=engine, decoding=SHORT)

    counts = read_manifest(tmp_path / "a.jsonl").counts

    ends = Counter(answer.finish_reason for answer in iter_answers(tmp_path / "a.jsonl"))
    assert ends["error"] == 3
    assert counts.model_dump() == {"done": 6, "stop": 0, "length": 0, "error": 0, **ends}


class Watch:
    """Notes whether the weights were loaded when the clock of the progress began."""

    def __init__(self, engine) -> None:
        self._engine = engine
        self.was_loaded: bool | None = None

    def note(self, text: str) -> None:
        """Nothing to note."""

    def begin(self, label: str, *, total: int, done: int) -> None:
        """Look whether the weights are there."""
        self.was_loaded = "model" in vars(self._engine)

    def advance(self, *, questions: int = 0, tokens: int = 0, **_: int) -> None:
        """Nothing to note."""

    def end(self) -> None:
        """Nothing to note."""


def test_loading_of_the_weights_does_not_count_for_the_pace(folder, tmp_path):
    fresh = prepare_engine(str(folder), device="cpu")
    watch = Watch(fresh)

    generate_answers(
        question_set(), out=tmp_path / "a.jsonl", model=fresh, decoding=SHORT, progress=watch
    )

    assert watch.was_loaded is True


def canned(engine: CannedEngine, out: Path, *, n: int = 12, questions=None, **changes):
    settings = {"decoding": Decoding(max_new_tokens=30), **changes}
    return generate_answers(questions or canned_questions(n), out=out, model=engine, **settings)


def test_failed_answers_do_not_stop_the_job_and_are_counted_by_kind(tmp_path):
    engine = CannedEngine(failures={"of 1": "timeout", "of 5?": "filtered"})

    summary = canned(engine, tmp_path / "a.jsonl")

    # Questions 1, 10 and 11 begin so.
    assert summary.failures == {"timeout": 3, "filtered": 1}
    assert (summary.n_error, summary.n_stop) == (4, 8)


def test_failures_of_earlier_runs_are_counted_by_kind_again(tmp_path):
    canned(CannedEngine(failures={"of 5?": "filtered"}), tmp_path / "a.jsonl")

    assert canned(CannedEngine(), tmp_path / "a.jsonl").failures == {"filtered": 1}


def test_refused_prompts_are_counted_as_such(tmp_path):
    refused = QuestionRecord(question_id="r", dataset="canned", text="<What?")
    questions = QuestionSet("canned", [*canned_questions(2).questions, refused], [])

    summary = canned(CannedEngine(), tmp_path / "a.jsonl", questions=questions)

    assert summary.failures == {"prompt_refused": 1}


def test_manifest_says_how_many_answers_the_file_will_hold(tmp_path):
    out = tmp_path / "a.jsonl"
    canned(CannedEngine(), out, n=4)
    other = [one.model_copy(update={"dataset": "other"}) for one in canned_questions(3).questions]

    canned(CannedEngine(), out, questions=QuestionSet("other", other, []))

    assert read_manifest(out).n_planned == 7


def test_manifest_holds_what_makes_the_engine_again(engine, folder, tmp_path):
    run(engine, tmp_path / "a.jsonl")

    arguments = read_manifest(tmp_path / "a.jsonl").runs[0].arguments
    assert Path(arguments["model"]) == folder.resolve()
    assert arguments["device"] == "cpu"


def test_password_in_an_address_does_not_reach_the_manifest(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["equitymedqa", "--server", "https://me:secret@host:8000/v1"])

    canned(CannedEngine(), tmp_path / "a.jsonl")

    text = manifest_path(tmp_path / "a.jsonl").read_text()
    assert "https://***@host:8000/v1" in text
    assert "secret" not in text


class BreaksOff(CannedEngine):
    """Gives two groups, and then an end."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def answers(self, *args, **settings):
        """The first two."""
        yield from islice(super().answers(*args, **settings), 2)
        raise self._error


@pytest.mark.parametrize("error", [KeyboardInterrupt("now"), GenerationError("now")], ids=repr)
def test_manifest_is_true_after_a_run_that_was_stopped(tmp_path, error):
    out = tmp_path / "a.jsonl"

    with pytest.raises(type(error), match="now"):
        canned(BreaksOff(error), out)

    manifest = read_manifest(out)
    assert (manifest.counts.done, manifest.n_planned) == (8, 12)
    assert manifest.sha256 == file_sha256(out)
    assert manifest.runs[-1].finished_at is None


class KeepsBack(CannedEngine):
    """Gives one answer of each batch less than it was asked for."""

    def answers(self, *args, **settings):
        """All but the first of each group."""
        for group in super().answers(*args, **settings):
            yield group[1:]


def test_job_whose_engine_keeps_answers_back_does_not_end_as_done(tmp_path):
    out = tmp_path / "a.jsonl"

    with pytest.raises(GenerationError, match=r"3 of 12 answers did not come back.* run the same"):
        canned(KeepsBack(), out)

    manifest = read_manifest(out)
    assert (manifest.counts.done, manifest.runs[-1].finished_at) == (9, None)
    assert canned(CannedEngine(), out).n_resumed == 9


class DoesNotCount(CannedEngine):
    """Answers like a server that says nothing of tokens."""

    def answers(self, *args, **settings):
        """The same without a count."""
        for group in super().answers(*args, **settings):
            yield [
                Answered(key, replace(completion, n_output_tokens=0)) for key, completion in group
            ]


def test_answer_of_unknown_length_does_not_stand_for_one_with_less_room(tmp_path):
    canned(DoesNotCount(), tmp_path / "a.jsonl")

    with pytest.raises(GenerationError, match=r"max_new_tokens: 30 there, 29 now"):
        canned(DoesNotCount(), tmp_path / "a.jsonl", decoding=Decoding(max_new_tokens=29))


def test_answer_of_unknown_length_stands_for_one_with_more_room(tmp_path):
    canned(DoesNotCount(), tmp_path / "a.jsonl")

    again = canned(DoesNotCount(), tmp_path / "a.jsonl", decoding=Decoding(max_new_tokens=31))

    assert again.n_resumed == 12


def test_run_that_was_stopped_after_its_last_answer_is_ended_by_the_next(tmp_path):
    out = tmp_path / "a.jsonl"
    with pytest.raises(KeyboardInterrupt, match="now"):
        canned(BreaksOff(KeyboardInterrupt("now")), out, n=8)

    canned(CannedEngine(), out, n=8)

    runs = read_manifest(out).runs
    assert [run.finished_at is not None for run in runs] == [False, True]
    assert runs[-1].n_resumed == 8
