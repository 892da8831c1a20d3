"""Models of the hub: found by name and known by their commit, or refused with a way out."""

import pytest
from huggingface_hub import constants

from equitymedqa.cli.engine_choice import EngineChoice
from equitymedqa.generation import GenerationError, generate_answers, iter_answers, prepare_engine
from equitymedqa.records import Decoding
from tests.tiny_models import question_set, save_tiny_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_tests_themselves_may_fetch_nothing():
    assert constants.HF_HUB_OFFLINE


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("./nowhere", r"'\./nowhere' is no folder here, and no hub id either"),
        ("gpt", r"'gpt' is no folder here, and no hub id either"),
        ("owner/none", r"HF_HUB_OFFLINE forbids to fetch it"),
        ("owner/na me", r"this is no hub id"),
        ("owner/none@refs/pr/1", r"HF_HUB_OFFLINE forbids to fetch it"),
    ],
)
def test_model_that_cannot_be_had_is_answered_with_a_way_out(name, reason, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    with pytest.raises(GenerationError, match=reason):
        prepare_engine(name, device="cpu")


@pytest.fixture
def downloaded(tmp_path, monkeypatch) -> str:
    """A model that was fetched from the hub before, in the layout of the hub's own cache."""
    home = tmp_path / "models--owner--tiny"
    save_tiny_model(home / "snapshots" / COMMIT)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return "owner/tiny"


def test_workers_elsewhere_are_given_the_commit_that_a_name_meant(downloaded, tmp_path):
    choice = EngineChoice(model=downloaded, device="cpu")
    engine = choice.factory(device="cpu")
    make = choice.as_found(engine).factory
    (tmp_path / "models--owner--tiny" / "refs" / "main").write_text("0" * 40)

    assert make(device="cpu").identity == engine.identity


def test_downloaded_model_is_known_by_its_commit(downloaded, tmp_path):
    engine, out = prepare_engine(downloaded, device="cpu"), tmp_path / "a.jsonl"

    generate_answers(question_set(2), out=out, model=engine, decoding=Decoding(max_new_tokens=4))

    assert {(one.model, one.revision, one.source) for one in iter_answers(out)} == {
        ("owner/tiny", COMMIT, "tiny/plain")
    }
