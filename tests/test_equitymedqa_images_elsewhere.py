"""Questions with images that are answered in other processes and folders than they were put in."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from equitymedqa.cli.engine_choice import EngineChoice
from equitymedqa.generation import GenerationError, generate_answers, iter_answers, prepare_engine
from equitymedqa.generation.cluster.journal import Journal, answered
from equitymedqa.generation.cluster.worker import ClusterWorker, Order, row_of
from equitymedqa.generation.engine import Completion, Request
from equitymedqa.generation.repairs import retry_failed
from equitymedqa.generation.workers import DeviceWorkers
from equitymedqa.loading import load_questions
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding
from tests.tiny_families import save_family

SHORT = Decoding(max_new_tokens=6)
MODEL = "tiny-gemma3"
"""As it is named in its own folder."""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """The folder of the model."""
    folder = tmp_path_factory.mktemp("home")
    save_family(folder / MODEL, "gemma3")
    return folder


@pytest.fixture(scope="module")
def two(home, tmp_path_factory) -> Iterator[DeviceWorkers]:
    """Two workers that started in another folder than the one in which their model was named."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        engine = prepare_engine(MODEL, device="cpu,cpu")
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        engine.load_weights()
    yield engine
    engine.stop()


@pytest.fixture
def lead(home, monkeypatch):
    """The model, its own folder being the one of the test."""
    monkeypatch.chdir(home)
    return prepare_engine(MODEL, device="cpu")


@pytest.fixture
def requests(lead, tmp_path, monkeypatch) -> list[Request]:
    """Questions with images that were named from the folder of their file; then that is left."""
    monkeypatch.chdir(tmp_path)
    for shade in (10, 120, 240):
        picture(Path(f"{shade}.png"), shade=shade)
    rows = ["Is it safe?,10.png", "Which is worse?,10.png;240.png", "And this?,120.png", "Why?,"]
    Path("own.csv").write_text("\n".join(["question,image", *rows]))
    writer = lead.prompt_writer(find_prompt("plain"))
    asked = load_questions(Path("own.csv")).questions
    (tmp_path / "elsewhere").mkdir()
    made = [Request(one.text, writer.write(one), seed=0) for one in asked]
    monkeypatch.chdir("elsewhere")
    return made


def picture(path: Path, *, shade: int) -> None:
    image = Image.new("RGB", (24, 20), (200, 40, 90))
    image.paste((shade, 255 - shade, shade // 2), (0, 0, 12, 20))
    image.save(path)


def completions(engine, requests: list[Request]) -> dict[str, Completion]:
    groups = engine.answers(
        [requests[:3], requests[3:]],
        wanted={one.key for one in requests},
        decoding=SHORT,
        on_tokens=lambda _: None,
    )
    return {key: completion for group in groups for key, completion in group}


def by_cluster_worker(lead, requests: list[Request], folder: Path) -> dict[str, Completion]:
    """As Ray does it: what a worker is given is pickled, and nothing else reaches it."""
    make = EngineChoice(model=MODEL).as_found(lead).factory
    order = Order(make, "cpu", lead.identity, SHORT, folder, run="1")
    worker = ClusterWorker(pickle.loads(pickle.dumps(order)))
    for batch in (requests[:3], requests[3:]):
        outcome = worker(pickle.loads(pickle.dumps(row_of(batch))))
        assert outcome["failure"] == ""
    return dict(answered(Journal(folder).news()))


def ends(made: dict[str, Completion]) -> dict[str, tuple[str, str | None]]:
    return {key: (one.text, one.error_kind) for key, one in made.items()}


def test_images_are_seen_by_processes_in_another_folder(two, lead, requests):
    made = ends(completions(two, requests))

    assert made == ends(completions(lead, requests))
    assert {kind for _, kind in made.values()} == {None}


def test_images_are_seen_by_a_worker_of_a_cluster(lead, requests, tmp_path):
    made = ends(by_cluster_worker(lead, requests, tmp_path / "workers"))

    assert made == ends(completions(lead, requests))
    assert {kind for _, kind in made.values()} == {None}


@pytest.mark.parametrize("place", ["here", "two devices", "cluster"])
def test_image_that_vanishes_fails_its_own_row_alone(request, lead, requests, tmp_path, place):
    whole = ends(completions(lead, requests))
    (tmp_path / "240.png").unlink()

    if place == "cluster":
        made = by_cluster_worker(lead, requests, tmp_path / "workers")
    else:
        engine = lead if place == "here" else request.getfixturevalue("two")
        made = completions(engine, requests)

    assert ends(made) == whole | {"Which is worse?": ("", "prompt_refused")}
    assert made["Which is worse?"].error.endswith(
        "240.png cannot be read: No such file or directory"
    )


def test_id_of_an_answer_does_not_hang_on_how_its_image_and_model_are_named(
    home, requests, tmp_path, monkeypatch
):
    named = []
    for folder, model, path in (
        (home, MODEL, tmp_path / "own.csv"),
        (tmp_path, home / MODEL, Path("own.csv")),
    ):
        monkeypatch.chdir(folder)
        engine, out = prepare_engine(str(model), device="cpu"), tmp_path / f"{len(named)}.jsonl"
        generate_answers(load_questions(path), out=out, model=engine, decoding=SHORT)
        named.append({(one.answer_id, one.prompt_sha256, one.source) for one in iter_answers(out)})

    assert named[0] == named[1]
    assert len(named[0]) == 4


@dataclass
class Fleeting:
    """A progress that takes an image away when the first batch is due."""

    image: Path

    def note(self, text: str) -> None:
        """Nothing to note."""

    def begin(self, label: str, **_: object) -> None:
        """Take it away."""
        self.image.unlink()

    def advance(self, **_: object) -> None:
        """Nothing to count."""

    def end(self) -> None:
        """Nothing to end."""


@pytest.fixture
def unseen(lead, requests, tmp_path) -> Path:
    """Answers to the four questions, of which one lost its image on the way."""
    out = tmp_path / "answers.jsonl"
    generate_answers(
        load_questions(tmp_path / "own.csv"),
        out=out,
        model=lead,
        decoding=SHORT,
        progress=Fleeting(tmp_path / "120.png"),
    )
    return out


def test_question_that_lost_its_image_is_asked_again_when_it_is_back(lead, unseen, tmp_path):
    failed = {one.question.text: one.error_kind for one in iter_answers(unseen) if one.error_kind}
    picture(tmp_path / "120.png", shade=120)

    again = retry_failed(unseen, every_kind=True, model=lead)

    assert failed == {"And this?": "prompt_refused"}
    assert (again.n_asked, again.n_error) == (1, 0)


def test_question_whose_image_is_still_away_is_named_with_the_reason(lead, unseen):
    with pytest.raises(
        GenerationError, match=r"question 'own-\w+' can no longer be put .*120\.png cannot be"
    ):
        retry_failed(unseen, every_kind=True, model=lead)
