"""Answers token by token: the same in any batch, and in every way of writing them."""

from pathlib import Path

import pytest
import torch

from equitymedqa.generation import GenerationError, prepare_engine
from equitymedqa.generation.engine import Completion, RenderedPrompt, Request
from equitymedqa.generation.identity import tokens_digest
from equitymedqa.generation.local import batch_answers, decoding
from equitymedqa.generation.local.arithmetic import find_dtype
from equitymedqa.generation.local.checkpoints import Checkpoint
from equitymedqa.generation.local.decoding import Transcript, write_answers
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.generation.local.sampling import Greedy
from equitymedqa.records import Decoding
from tests.tiny_families import FAMILIES, save_family
from tests.tiny_models import greedy_one_by_one, save_tiny_model

N_NEW = 40
# Of 3 to 38 tokens; the window of the families that have one is 16.
PROMPTS = [[1, *range(20 + 7 * row, 22 + 12 * row)] for row in range(8)]
SAMPLED = Decoding(max_new_tokens=N_NEW, temperature=0.9, top_p=0.95)
GREEDY = Decoding(max_new_tokens=N_NEW)
CPU = torch.device("cpu")


def engine_in(folder: Path, **settings: str) -> TransformersEngine:
    return TransformersEngine(Checkpoint("tiny", folder, "sha256:0"), device="cpu", **settings)


def requests_for(prompts: list[list[int]]) -> list[Request]:
    return [
        Request(f"{row}", RenderedPrompt(tokens_digest(ids), ids=ids), seed=row << 33)
        for row, ids in enumerate(prompts)
    ]


def answered(
    engine: TransformersEngine, requests: list[Request], way: Decoding = GREEDY, *, size: int = 8
) -> dict[str, Completion]:
    batches = [requests[start : start + size] for start in range(0, len(requests), size)]
    groups = engine.answers(
        batches,
        wanted={one.key for one in requests},
        decoding=way,
        on_tokens=lambda _: None,
    )
    return {key: completion for group in groups for key, completion in group}


def texts(done: dict[str, Completion]) -> dict[str, tuple[str, int]]:
    return {key: (one.text, one.n_output_tokens) for key, one in sorted(done.items())}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request, tmp_path_factory) -> Path:
    return save_family(tmp_path_factory.mktemp("model"), request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A model whose answers end after 1 to 40 tokens: one token in ten ends them."""
    ends = list(range(7, 420, 10))
    return save_tiny_model(tmp_path_factory.mktemp("model"), eos_token_id=ends)


@pytest.fixture(scope="module")
def engine(folder) -> TransformersEngine:
    return engine_in(folder)


def test_long_answers_are_those_of_one_prompt_without_a_cache(family):
    engine = engine_in(family)
    stops = set(engine.identity.stop_ids)

    done = answered(engine, requests_for(PROMPTS))

    for row, prompt in enumerate(PROMPTS):
        plain = greedy_one_by_one(engine, prompt, N_NEW)
        end = next((n + 1 for n, one in enumerate(plain) if one in stops), N_NEW)
        expected = engine._reader.completion(prompt, plain[:end], batch_size=8)
        assert (done[f"{row}"].text, done[f"{row}"].n_output_tokens) == (expected.text, end)


def test_steps_of_one_shape_give_the_same_answers(family):
    requests = requests_for(PROMPTS)

    static = engine_in(family, decode="static")

    assert texts(answered(static, requests)) == texts(answered(engine_in(family), requests))


def test_static_cache_is_empty_again_for_the_next_batch(family):
    static = engine_in(family, decode="static")
    requests = requests_for(PROMPTS)

    first = answered(static, requests[:4])
    second = answered(static, requests[4:])

    assert texts(answered(static, requests[:4])) == texts(first)
    assert texts(answered(static, requests[4:])) == texts(second)


@pytest.mark.parametrize("way", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_float32_answers_are_the_same_in_any_batch(engine, way):
    requests = requests_for(PROMPTS)
    together = texts(answered(engine, requests, way))

    assert len(set(together.values())) > 4
    for size in (1, 3, 8):
        assert texts(answered(engine, requests[::-1], way, size=size)) == together


def test_bfloat16_answers_repeat_in_the_same_batch(folder):
    first, again = (
        answered(engine_in(folder, dtype="bfloat16"), requests_for(PROMPTS)) for _ in range(2)
    )

    assert texts(first) == texts(again)
    assert {one.batch_sha256 for one in first.values()} == {
        one.batch_sha256 for one in again.values()
    }


def test_bfloat16_answers_name_their_batch(folder):
    engine, requests = engine_in(folder, dtype="bfloat16"), requests_for(PROMPTS)

    whole = answered(engine, requests).values()
    halves = answered(engine, requests, size=4).values()

    assert len({one.batch_sha256 for one in [*whole, *halves]}) == 3
    assert {one.repeatable for one in whole} == {"in_same_batch"}


def test_float32_answers_promise_to_repeat_in_any_batch(engine):
    done = answered(engine, requests_for(PROMPTS)).values()

    assert {(one.repeatable, one.batch_sha256) for one in done} == {("in_any_batch", None)}


def test_rows_that_have_ended_leave_the_batch(folder):
    engine, sizes = engine_in(folder), []
    engine.model.register_forward_pre_hook(
        lambda _module, _args, inputs: sizes.append(len(inputs["input_ids"])), with_kwargs=True
    )

    done = answered(engine, requests_for(PROMPTS)).values()

    # After each token that was not an answer's last, a row of 8 is as many as are left.
    left = [sum(one.n_output_tokens > step for one in done) for step in range(N_NEW)]
    assert sizes == [8, *(n for n in left[1:] if n)]
    assert len(set(sizes)) > 3


def test_cache_that_cannot_be_cut_keeps_its_rows(engine, monkeypatch):
    requests = requests_for(PROMPTS)
    expected = texts(answered(engine, requests))
    monkeypatch.setattr(decoding, "can_drop_rows", lambda _: False)

    assert texts(answered(engine, requests)) == expected


def test_looking_seldom_at_what_was_written_changes_nothing(engine, monkeypatch):
    requests = requests_for(PROMPTS)
    expected = texts(answered(engine, requests, SAMPLED))
    monkeypatch.setattr(
        batch_answers,
        "write_answers",
        lambda *args, **settings: write_answers(*args, **{**settings, "look_every": 7}),
    )

    assert texts(answered(engine, requests, SAMPLED)) == expected


def test_prompts_that_are_read_in_pieces_get_the_same_answers(family, monkeypatch):
    engine, requests = engine_in(family), requests_for(PROMPTS)
    expected = texts(answered(engine, requests))
    # 8 rows: 5 columns at once.
    monkeypatch.setattr(decoding, "PREFILL_TOKENS", 40)

    assert texts(answered(engine, requests)) == expected


def test_what_is_written_after_the_end_does_not_count():
    told: list[int] = []
    transcript = Transcript(2, stop_ids=[9], on_tokens=told.append)

    transcript.add([[1, 9, 5], [1, 2, 3]])

    assert transcript.rows == [[1, 9], [1, 2, 3]]
    assert (told, transcript.running()) == ([5], [1])


class Script:
    """A model that writes each row as it is told: 1, 2, 3, ... and then 0."""

    can_drop_rows = True

    def __init__(self, lengths: list[int]) -> None:
        self.left = torch.tensor(lengths)
        self.n_rows: list[int] = []

    def first(self) -> torch.Tensor:
        return self._scores()

    def next(self, tokens: torch.Tensor) -> torch.Tensor:
        return self._scores()

    def keep(self, rows: torch.Tensor) -> None:
        self.left = self.left[rows]

    def _scores(self) -> torch.Tensor:
        self.n_rows.append(len(self.left))
        self.left = self.left - 1
        return torch.nn.functional.one_hot(self.left.clamp(min=0), 100)


def test_rows_leave_once_an_eighth_of_the_batch_has_ended():
    script = Script([2, *[4] * 15, *[9] * 8])
    transcript = Transcript(24, stop_ids=[0], on_tokens=lambda _: None)

    write_answers(script, transcript, choice=Greedy(), max_new_tokens=20)

    # 1 of 24 is too few to be worth it, 16 of 24 are not.
    assert script.n_rows == [24] * 4 + [8] * 5
    assert [len(row) for row in transcript.rows] == [2, *[4] * 15, *[9] * 8]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"dtype": "float16"}, "dtype 'float16' is none of float32, bfloat16"),
        ({"decode": "fast"}, "decode 'fast' is none of dynamic, static, continuous"),
    ],
)
def test_nonsense_is_refused_before_weights_are_loaded(folder, settings, reason):
    with pytest.raises(GenerationError, match=reason):
        prepare_engine(str(folder), device="cpu", **settings)


def test_bfloat16_is_refused_where_the_device_lacks_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)

    with pytest.raises(GenerationError, match="cuda:0 does not compute in bfloat16; take float32"):
        find_dtype("bfloat16", torch.device("cuda:0"))


def test_dtype_is_that_of_the_device_unless_it_is_chosen():
    assert find_dtype(None, CPU) == torch.float32
    assert find_dtype(None, torch.device("cuda")) == torch.bfloat16
    assert find_dtype("float32", torch.device("cuda")) == torch.float32


def test_float32_is_never_shortened(engine, monkeypatch):
    torch.backends.fp32_precision = "tf32"
    engine_in(engine._checkpoint.folder).load_weights()

    assert torch.backends.cuda.matmul.fp32_precision == "ieee"
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"


def test_ways_of_writing_have_names_of_their_own_on_record(folder):
    names = {engine_in(folder, decode=way).identity.engine for way in ("dynamic", "static")}

    assert names == {"transformers", "transformers-static"}
