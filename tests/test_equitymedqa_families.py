"""What must be right for each family of models, on a tiny random model of each."""

import pytest
import torch

from equitymedqa.generation import generate_answers
from equitymedqa.generation.engine import Completion, Request
from equitymedqa.generation.errors import GenerationError, PromptError
from equitymedqa.generation.local import batch_answers
from equitymedqa.generation.local.chat import ChatWriter, with_one_bos
from equitymedqa.generation.local.checkpoints import Checkpoint
from equitymedqa.generation.local.engine import TransformersEngine
from equitymedqa.generation.local.reader import AnswerReader
from equitymedqa.generation.manifest import read_manifest
from equitymedqa.prompts import Prompt, find_prompt
from equitymedqa.records import Decoding
from tests.tiny_families import FAMILIES, TinyFamily, family_tokenizer, save_family
from tests.tiny_models import greedy_one_by_one, question_set

PLAIN = find_prompt("plain")
KIND = Prompt(name="kind", version=1, system="Be kind.")
QUESTION = "Is it safe?"
N_TOKENS = 10

THAT_REASON = [name for name, family in FAMILIES.items() if family.marks]
WITH_TEMPLATE = [name for name, family in FAMILIES.items() if family.template]
WITH_BOS = [name for name, family in FAMILIES.items() if family.has_bos]


@pytest.fixture(scope="module", params=FAMILIES)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def family(name) -> TinyFamily:
    return FAMILIES[name]


@pytest.fixture(scope="module")
def engine(name, tmp_path_factory) -> TransformersEngine:
    folder = save_family(tmp_path_factory.mktemp("model"), name)
    return TransformersEngine(Checkpoint(name, folder, "sha256:0"), device="cpu")


def requests_for(engine: TransformersEngine, *, n: int = 5) -> list[Request]:
    writer = engine.prompt_writer(PLAIN)
    questions = question_set(n).questions
    return [Request(one.question_id, writer.write(one), seed=0) for one in questions]


def answers(engine: TransformersEngine, requests: list[Request]) -> list[Completion]:
    return engine.answer(
        requests, decoding=Decoding(max_new_tokens=N_TOKENS), on_tokens=lambda _: None
    )


def alone(engine: TransformersEngine, request: Request) -> Completion:
    """What plain steps without padding and cache come to."""
    ids = request.prompt.ids
    written = greedy_one_by_one(engine, ids, N_TOKENS)
    return engine._reader.completion(ids, written, batch_size=1)


def words(completions: list[Completion]) -> list[tuple[str, str | None]]:
    return [(one.text, one.stripped) for one in completions]


def test_batch_gives_what_each_prompt_gives_alone(engine):
    requests = requests_for(engine)

    assert words(answers(engine, requests)) == words([alone(engine, one) for one in requests])


def test_static_cache_gives_the_same_answers(engine):
    static = TransformersEngine(engine._checkpoint, device="cpu", decode="static")
    requests = requests_for(engine)

    assert words(answers(static, requests)) == words(answers(engine, requests))


def test_padding_on_the_right_would_give_other_answers(engine, monkeypatch):
    def pad_right(prompts, *, pad):
        ids, mask = pad_left(prompts, pad=pad)
        shifts = [int((row == 0).sum()) for row in mask]
        rolled = [row.roll(-shift) for row, shift in zip(ids, shifts, strict=True)]
        masks = [row.roll(-shift) for row, shift in zip(mask, shifts, strict=True)]
        return torch.stack(rolled), torch.stack(masks)

    requests = requests_for(engine)
    left = answers(engine, requests)
    pad_left = batch_answers.pad_left
    monkeypatch.setattr(batch_answers, "pad_left", pad_right)

    assert words(answers(engine, requests)) != words(left)


@pytest.mark.parametrize("family_with_bos", WITH_BOS)
def test_prompt_that_is_tokenised_again_is_refused_for_its_two_bos(family_with_bos):
    tokenizer = family_tokenizer(family_with_bos)
    ids = ChatWriter(tokenizer, PLAIN).ids(QUESTION)

    again = tokenizer(tokenizer.decode(ids))["input_ids"]

    with pytest.raises(PromptError, match="begins with two"):
        with_one_bos(tokenizer, again)


def test_prompt_has_one_bos_if_the_model_has_one(name, family):
    tokenizer = family_tokenizer(name)

    ids = ChatWriter(tokenizer, PLAIN).ids(QUESTION)

    assert [one for one in ids if one == tokenizer.bos_token_id] == ids[: family.has_bos]


def test_system_text_reaches_the_model(name, family):
    tokenizer = family_tokenizer(name)
    writer = ChatWriter(tokenizer, KIND)

    text = tokenizer.decode(writer.ids(QUESTION))

    assert writer.form == family.form
    assert text.index("Be kind.") < text.index(QUESTION)


def test_system_text_can_be_folded_everywhere(name, family):
    tokenizer = family_tokenizer(name)
    writer = ChatWriter(tokenizer, KIND, system="fold")

    assert writer.form == ("folded" if family.template else "plain")
    assert f"Be kind.\n\n{QUESTION}" in tokenizer.decode(writer.ids(QUESTION))


def test_system_text_without_a_place_of_its_own_can_be_refused(name, family):
    tokenizer = family_tokenizer(name)

    if family.form == "chat":
        assert ChatWriter(tokenizer, KIND, system="error").form == "chat"
    else:
        with pytest.raises(GenerationError, match=r"system text of kind@1 has no place of its own"):
            ChatWriter(tokenizer, KIND, system="error")


def test_manifest_says_where_the_system_text_was_to_go_and_went(engine, family, tmp_path):
    out = tmp_path / "a.jsonl"

    generate_answers(
        question_set(1),
        out=out,
        model=engine,
        prompt=KIND,
        system="fold",
        decoding=Decoding(max_new_tokens=2),
    )

    [run] = read_manifest(out).runs
    assert (run.system, run.prompt_form) == ("fold", "folded" if family.template else "plain")


def test_prompt_without_a_system_text_is_never_refused_for_it(name, family):
    writer = ChatWriter(family_tokenizer(name), PLAIN, system="error")

    assert writer.form == ("chat" if family.template else "plain")


def test_every_token_that_ends_an_answer_is_known(engine, family):
    expected = {engine.tokenizer.eos_token, *family.eos}
    if family.template and "end_of_turn" in family.template:
        expected.add("<end_of_turn>")

    assert set(engine.tokenizer.convert_ids_to_tokens(engine.identity.stop_ids)) == expected


def test_end_of_an_answer_is_heard(engine):
    for stop in engine.identity.stop_ids:
        row = engine.tokenizer("Yes, it is.", add_special_tokens=False)["input_ids"]
        done = engine._reader.completion([1], [*row, stop, *row], batch_size=1)

        assert (done.text, done.finish_reason) == ("Yes, it is.", "stop")


def test_attention_is_the_one_that_the_family_was_trained_with(engine, family):
    assert engine.identity.attention == family.attention
    assert engine.model.config._attn_implementation == family.attention


def test_fused_attention_is_refused_where_it_would_change_the_answers(engine, family):
    checkpoint = engine._checkpoint

    if family.attention == "sdpa":
        assert TransformersEngine(checkpoint, device="cpu", attention="eager")
    else:
        with pytest.raises(GenerationError, match="'sdpa' would leave out the capping of scores"):
            TransformersEngine(checkpoint, device="cpu", attention="sdpa")


@pytest.mark.parametrize("reasoning_family", THAT_REASON)
def test_reasoning_is_kept_apart_from_the_answer(reasoning_family):
    family = FAMILIES[reasoning_family]
    opening, closing = family.marks

    done = read(reasoning_family, f"{opening}{family.label}They ask.{closing}Yes, it is.")

    assert (done.text, done.stripped) == ("Yes, it is.", "They ask.")


@pytest.mark.parametrize("reasoning_family", THAT_REASON)
def test_reasoning_without_an_end_is_an_answer_that_was_cut(reasoning_family):
    family = FAMILIES[reasoning_family]

    done = read(reasoning_family, f"{family.marks[0]}{family.label}They ask.")

    assert (done.text, done.stripped, done.finish_reason) == ("", "They ask.", "length")


def read(family: str, text: str) -> Completion:
    tokenizer = family_tokenizer(family)
    prompt = ChatWriter(tokenizer, PLAIN).ids(QUESTION)
    row = tokenizer(text, add_special_tokens=False)["input_ids"]
    return AnswerReader(tokenizer, []).completion(prompt, row, batch_size=1)


@pytest.mark.parametrize(
    ("family_that_listens", "on", "off"),
    [
        ("qwen3", "<|im_start|>assistant\n", "<think>\n\n</think>\n\n"),
        ("gemma4", "<|turn>system\n<|think|><turn|>\n", "<bos><|turn>user\n"),
    ],
)
def test_reasoning_is_switched_where_the_template_listens(family_that_listens, on, off):
    tokenizer = family_tokenizer(family_that_listens)

    texts = {
        one: tokenizer.decode(ChatWriter(tokenizer, PLAIN, reasoning=one).ids(QUESTION))
        for one in ("on", "off")
    }

    assert on in texts["on"]
    assert off in texts["off"]
    assert texts["on"] != texts["off"]


@pytest.mark.parametrize("deaf", sorted(set(FAMILIES) - {"qwen3", "gemma4"}))
def test_reasoning_that_cannot_be_switched_is_said(deaf):
    with pytest.raises(GenerationError, match=r"reasoning 'off': .* knows no switch for it"):
        ChatWriter(family_tokenizer(deaf), PLAIN, reasoning="off")


def test_reasoning_that_the_template_closed_leaves_the_answer_alone():
    tokenizer = family_tokenizer("qwen3")
    prompt = ChatWriter(tokenizer, PLAIN, reasoning="off").ids(QUESTION)
    row = tokenizer("Yes, it is.", add_special_tokens=False)["input_ids"]

    done = AnswerReader(tokenizer, []).completion(prompt, row, batch_size=1)

    assert (done.text, done.stripped) == ("Yes, it is.", None)


@pytest.mark.parametrize("templated", WITH_TEMPLATE)
def test_words_of_a_question_are_never_control_tokens(templated):
    tokenizer = family_tokenizer(templated)
    writer = ChatWriter(tokenizer, PLAIN)
    hostile = QUESTION + "".join(FAMILIES[templated].control) + QUESTION
    control = set(tokenizer.all_special_ids)

    ids = {text: writer.ids(text) for text in (QUESTION, hostile)}

    counts = [[one for one in row if one in control] for row in ids.values()]
    assert counts[0] == counts[1]


def test_llama_3s_date_stands_still():
    tokenizer = family_tokenizer("llama3")

    assert "26 Jul 2024" in tokenizer.decode(ChatWriter(tokenizer, PLAIN).ids(QUESTION))


def test_prompt_of_txgemma_predict_is_the_question_and_nothing_else():
    tokenizer = family_tokenizer("txgemma-predict")
    tdc = "Instructions: Answer the question.\nQuestion: Does it cross?\nAnswer:"

    assert tokenizer.decode(ChatWriter(tokenizer, PLAIN).ids(tdc)) == f"<bos>{tdc}"
