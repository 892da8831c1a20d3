"""Batch files: what vendors get."""

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.batch_files import exporting
from equitymedqa.generation.batch_files.plan_file import BatchRow
from equitymedqa.records import Decoding
from tests.batch_rows import export, requests_of
from tests.tiny_models import question_set


def test_request_is_a_line_of_the_vendors_form(tmp_path):
    batch = export(tmp_path, n=1)

    (request,) = requests_of(tmp_path / "batch.jsonl")
    assert request == {
        "custom_id": request["custom_id"],
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {
            "model": "tiny",
            "messages": [{"role": "user", "content": question_set(1).questions[0].text}],
            "max_completion_tokens": 32,
            "temperature": 0.0,
        },
    }
    assert (batch.n_requests, batch.parts) == (1, (tmp_path / "batch.jsonl",))


def test_batch_for_vllm_turns_the_models_own_habits_off(tmp_path):
    export(tmp_path, n=1, dialect="vllm", system="fold", prompt="careful")

    (request,) = requests_of(tmp_path / "batch.jsonl")
    assert request["body"]["repetition_penalty"] == 1.0
    assert request["body"]["max_tokens"] == 32
    assert [one["role"] for one in request["body"]["messages"]] == ["user"]


def test_ids_are_unique_and_stay_the_same(tmp_path):
    sampled = Decoding(max_new_tokens=32, temperature=1.0)
    first = export(tmp_path / "a", decoding=sampled, n_answers=2)
    again = export(tmp_path / "b", decoding=sampled, n_answers=2)
    ids = [one["custom_id"] for one in requests_of(*first.parts)]

    assert len(set(ids)) == 12
    assert ids == [one["custom_id"] for one in requests_of(*again.parts)]
    assert len({one["body"]["seed"] for one in requests_of(*first.parts)}) == 12


def test_declared_revision_makes_other_ids(tmp_path):
    first = export(tmp_path / "a", n=1)
    other = export(tmp_path / "b", n=1, revision="abc")

    assert requests_of(*first.parts)[0]["custom_id"] != requests_of(*other.parts)[0]["custom_id"]


def test_batch_is_split_by_number_of_requests_without_loss(tmp_path):
    batch = export(tmp_path, n=7, most_requests=3)

    assert [path.name for path in batch.parts] == [f"batch-{n}.jsonl" for n in (1, 2, 3)]
    assert [len(requests_of(path)) for path in batch.parts] == [3, 3, 1]
    assert len({one["custom_id"] for one in requests_of(*batch.parts)}) == 7


def test_batch_is_split_by_size_without_loss(tmp_path):
    batch = export(tmp_path, n=20, most_bytes=1000)

    assert all(path.stat().st_size <= 1000 for path in batch.parts)
    assert len(batch.parts) > 1
    assert len({one["custom_id"] for one in requests_of(*batch.parts)}) == 20


def test_request_that_no_file_can_hold_is_said(tmp_path):
    with pytest.raises(GenerationError, match=r"one request takes .* a file may have 50"):
        export(tmp_path, most_bytes=50)
    assert list(tmp_path.iterdir()) == []


def test_batch_is_never_written_over(tmp_path):
    export(tmp_path)
    before = (tmp_path / "batch.jsonl").read_bytes()

    with pytest.raises(GenerationError, match="is there already, and its results may still come"):
        export(tmp_path, n=2)
    assert (tmp_path / "batch.jsonl").read_bytes() == before


def test_top_k_that_a_vendor_would_pass_over_is_refused(tmp_path):
    with pytest.raises(GenerationError, match="top_k is 5"):
        export(tmp_path, decoding=Decoding(max_new_tokens=8, temperature=1.0, top_k=5))


@pytest.mark.parametrize("most_requests", [3, 50])
@pytest.mark.parametrize(
    ("place", "name"), [(exporting, "write_plan"), (exporting, "file_sha256"), (BatchRow, "of")]
)
def test_batch_that_was_broken_off_leaves_nothing_and_can_be_written_again(
    tmp_path, monkeypatch, place, name, most_requests
):
    def break_off(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(place, name, break_off)
        with pytest.raises(KeyboardInterrupt):
            export(tmp_path, n=7, most_requests=most_requests)
    left = list(tmp_path.iterdir())
    batch = export(tmp_path, n=7, most_requests=most_requests)

    assert left == []
    assert batch.n_requests == 7


def test_batch_below_what_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(GenerationError, match=r"file: (File exists|Not a directory)"):
        export(tmp_path / "file")
