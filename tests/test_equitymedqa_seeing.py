"""A model that is shown images: what reaches it, and what it answers."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import AutoProcessor

from equitymedqa.generation import generate_answers, iter_answers, prepare_engine
from equitymedqa.generation.engine import Completion, Request
from equitymedqa.generation.errors import PromptError
from equitymedqa.generation.identity import folder_digest
from equitymedqa.prompts import Prompt, find_prompt
from equitymedqa.records import Decoding, ImageRecord, QuestionRecord, QuestionSet
from tests.tiny_families import N_SOFT_TOKENS, save_family
from tests.tiny_models import greedy_one_by_one

PLAIN = find_prompt("plain")
KIND = Prompt(name="kind", version=1, system="Be kind.")
SHORT = Decoding(max_new_tokens=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_family(tmp_path_factory.mktemp("models") / "tiny-gemma3", "gemma3")


@pytest.fixture(scope="module")
def engine(folder):
    return prepare_engine(str(folder), device="cpu")


def picture(path: Path, *, shade: int) -> ImageRecord:
    """An image of two halves, the left one of this shade."""
    image = Image.new("RGB", (24, 20), (200, 40, 90))
    image.paste((shade, 255 - shade, shade // 2), (0, 0, 12, 20))
    image.save(path)
    return ImageRecord(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def question(text: str, *images: ImageRecord) -> QuestionRecord:
    name = f"{text} {[image.sha256 for image in images]}"
    return QuestionRecord(question_id=name, dataset="own", text=text, images=images)


@pytest.fixture
def seen(tmp_path) -> list[QuestionRecord]:
    """Questions with one image, two images, none, and a longer one with another image."""
    red, blue = (picture(tmp_path / f"{shade}.png", shade=shade) for shade in (10, 240))
    return [
        question("Is it safe?", red),
        question("Which of the two is worse, and why?", red, blue),
        question("Is it safe?"),
        question("What can I do about the rash on my hands, which are always wet?", blue),
    ]


def requests_of(engine, questions: list[QuestionRecord]) -> list[Request]:
    writer = engine.prompt_writer(PLAIN)
    return [Request(one.question_id, writer.write(one), seed=0) for one in questions]


def answers(engine, questions: list[QuestionRecord]) -> list[Completion]:
    return answered(engine, requests_of(engine, questions))


def answered(engine, requests: list[Request]) -> list[Completion]:
    return engine.answer(requests, decoding=SHORT, on_tokens=lambda _: None)


def test_batch_with_images_gives_what_each_question_gives_alone(engine, seen):
    together = answers(engine, seen)

    assert [one.text for one in together] == [answers(engine, [one])[0].text for one in seen]


def test_static_cache_gives_the_same_answers(engine, folder, seen):
    static = prepare_engine(str(folder), device="cpu", decode="static")

    assert [one.text for one in answers(static, seen)] == [
        one.text for one in answers(engine, seen)
    ]


def test_answer_is_the_one_that_transformers_own_way_gives(engine, folder, seen):
    processor = AutoProcessor.from_pretrained(folder)
    content = [
        {"type": "image", "path": seen[0].images[0].path},
        {"type": "text", "text": seen[0].text},
    ]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    with torch.inference_mode():
        output = engine.model.generate(**inputs, max_new_tokens=SHORT.max_new_tokens)

    [prompt], written = inputs["input_ids"].tolist(), output[0, inputs["input_ids"].shape[1] :]
    text = processor.decode(written, skip_special_tokens=True).strip()
    assert engine.prompt_writer(PLAIN).ids(seen[0]) == prompt
    assert answers(engine, seen[:1])[0].text == text


def test_places_of_an_image_see_one_another_in_a_padded_batch_too(engine, folder, seen):
    processor, scores = AutoProcessor.from_pretrained(folder), []
    hook = engine.model.register_forward_hook(lambda *made: scores.append(made[-1].logits[:, -1]))
    prompts = [engine.prompt_writer(PLAIN).write(one) for one in seen]

    answers(engine, seen)
    hook.remove()

    with torch.inference_mode():
        for prompt, row in zip(prompts, scores[0], strict=True):
            pixels = processor.image_processor(
                [Image.open(image.path) for image in prompt.images] or [Image.new("RGB", (1, 1))],
                return_tensors="pt",
            )["pixel_values"]
            kinds = processor.create_mm_token_type_ids([prompt.ids])
            alone = engine.model(
                input_ids=torch.tensor([prompt.ids]),
                token_type_ids=torch.tensor(kinds),
                pixel_values=pixels if prompt.images else None,
            )
            torch.testing.assert_close(row, alone.logits[0, -1], atol=1e-4, rtol=0)


def test_another_image_gives_another_answer(engine, tmp_path):
    shown = [
        question("Is it safe?", picture(tmp_path / f"{shade}.png", shade=shade))
        for shade in (10, 240)
    ]

    one, other = answers(engine, shown)

    assert one.text != other.text


def test_each_image_takes_its_places_in_the_prompt(engine, seen):
    place = engine.tokenizer.image_token_id

    prompts = [engine.prompt_writer(PLAIN).write(one) for one in seen]

    assert [prompt.ids.count(place) for prompt in prompts] == [
        N_SOFT_TOKENS * len(one.images) for one in seen
    ]
    assert [len(prompt.images) for prompt in prompts] == [1, 2, 0, 1]


def test_prompt_that_is_read_shows_the_place_of_an_image_once(engine, seen):
    text = engine.prompt_writer(PLAIN).write(seen[0]).text

    assert text.count("<image_soft_token>") == 1


def test_prompts_about_different_images_have_different_digests(engine, tmp_path):
    writer = engine.prompt_writer(PLAIN)
    shown = [
        question("Is it safe?", picture(tmp_path / f"{shade}.png", shade=shade))
        for shade in (10, 240)
    ]

    one, other = (writer.write(asked) for asked in shown)

    assert one.ids == other.ids
    assert one.sha256 != other.sha256


def test_system_text_comes_before_the_image(engine, seen):
    writer = engine.prompt_writer(KIND)

    text = engine.tokenizer.decode(writer.ids(seen[0]))

    assert text.index("Be kind.") < text.index("<start_of_image>") < text.index("Is it safe?")


def test_placeholder_in_the_words_of_a_question_shows_no_image(engine, tmp_path):
    red = picture(tmp_path / "red.png", shade=10)
    hostile = "<start_of_image> Is it safe?"

    ids = [
        engine.prompt_writer(PLAIN).ids(one) for one in (question(hostile), question(hostile, red))
    ]

    counts = [row.count(engine.tokenizer.image_token_id) for row in ids]
    assert counts == [0, N_SOFT_TOKENS]


def test_model_that_takes_no_images_refuses_the_question_and_answers_the_others(seen, tmp_path):
    blind = prepare_engine(str(save_family(tmp_path / "m", "gemma3-text")), device="cpu")
    out = tmp_path / "a.jsonl"

    generate_answers(QuestionSet("own", seen, []), out=out, model=blind, decoding=SHORT)

    made = {one.question.question_id: one for one in iter_answers(out)}
    refused = [made[one.question_id] for one in seen if one.images]
    assert {one.error_kind for one in refused} == {"prompt_refused"}
    assert refused[0].error.startswith("the question has an image, and the model takes none")
    assert made[seen[2].question_id].error_kind != "prompt_refused"


def test_changed_image_is_another_answer(engine, tmp_path):
    ids = []
    for number, shade in enumerate((10, 240)):
        asked = question("Is it safe?", picture(tmp_path / "same.png", shade=shade))
        asked = asked.model_copy(update={"question_id": "q"})
        out = tmp_path / f"{number}.jsonl"
        generate_answers(QuestionSet("own", [asked], []), out=out, model=engine, decoding=SHORT)
        ids += [one.answer_id for one in iter_answers(out)]

    assert len(set(ids)) == 2


def test_image_that_is_replaced_before_its_prompt_is_written_is_refused(engine, seen):
    picture(Path(seen[0].images[0].path), shade=99)

    with pytest.raises(PromptError, match=r"10\.png is another image than when"):
        engine.prompt_writer(PLAIN).write(seen[0])


def test_image_that_is_replaced_before_it_is_shown_fails_its_own_rows_alone(engine, seen):
    whole = [one.text for one in answers(engine, seen)]
    requests = requests_of(engine, seen)
    picture(Path(seen[0].images[0].path), shade=99)

    made = answered(engine, requests)

    # The first image is in the first two questions.
    assert [one.error_kind for one in made] == ["prompt_refused", "prompt_refused", None, None]
    assert [one.text for one in made] == ["", "", *whole[2:]]
    assert made[0].error.endswith("10.png is another image than when the questions were loaded")


def test_batch_of_images_that_are_all_gone_is_refused_row_by_row(engine, seen):
    requests = requests_of(engine, seen[:2])
    Path(seen[0].images[0].path).unlink()

    assert [one.error_kind for one in answered(engine, requests)] == ["prompt_refused"] * 2


def test_record_says_that_a_row_without_its_image_was_no_neighbour(folder, seen):
    rounding = prepare_engine(str(folder), device="cpu", dtype="bfloat16")
    requests = requests_of(rounding, seen)
    alone = answered(rounding, requests[2:])
    Path(seen[0].images[0].path).unlink()

    made = answered(rounding, requests)[2:]

    assert [(one.batch_sha256, one.batch_size) for one in made] == [
        (one.batch_sha256, 2) for one in alone
    ]


def test_processor_that_sees_images_otherwise_is_another_model(folder, tmp_path):
    copy = save_family(tmp_path / "copy", "gemma3")
    same = folder_digest(copy) == folder_digest(folder)
    settings = copy / "processor_config.json"
    changed = json.loads(settings.read_text())
    changed["image_processor"]["image_mean"] = [0.1, 0.1, 0.1]
    settings.write_text(json.dumps(changed))

    assert same
    assert folder_digest(copy) != folder_digest(folder)


def test_question_without_an_image_is_answered_as_by_the_model_without_eyes(engine, seen):
    ids = engine.prompt_writer(PLAIN).ids(seen[2])
    expected = engine._reader.read(ids, greedy_one_by_one(engine, ids, SHORT.max_new_tokens))

    assert answers(engine, [seen[2]])[0].text == expected.answer
