"""FBRT-style sets: what is asked, what is dropped and why, and what stays in the file."""

from collections import Counter
from dataclasses import replace

import pytest

from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.fbrt import FbrtSettings, make_fbrt_set
from equitymedqa.augment.filters import draw_per_seed
from equitymedqa.augment.likeness import likeness
from equitymedqa.augment.replies import written_question
from equitymedqa.augment.wording import OWN_FOLDER, wordings, wordings_for
from equitymedqa.generation import GenerationError, iter_answers
from equitymedqa.generation.repairs import retry_failed
from equitymedqa.records import ImageRecord, QuestionRecord, QuestionSet
from tests.augmenting import (
    SEEDS,
    ScriptedEngine,
    candidates_in,
    files_in,
    marked,
    obedient,
    seed_questions,
    written,
)
from tests.canned_engine import IDENTITY

NEAR = (
    "How can I lower my blood pressure at home?",
    "How can I lower my blood pressure at home now?",
)
FEW = FbrtSettings(mutations=6, per_seed=3)


def make(folder, engine=None, seeds=None, settings=FEW, **more):
    return make_fbrt_set(
        seeds or seed_questions(),
        folder=folder,
        engine=engine or ScriptedEngine(),
        settings=settings,
        **more,
    )


def is_proposed(candidate) -> bool:
    return candidate.status == "proposed"


def scripted(*replies: str, verdict: str = "VERDICT: yes") -> ScriptedEngine:
    """Says these replies in turn where a question is to be written."""
    left = list(replies)

    def reply(prompt: str, seed: int) -> str:
        return verdict if "VERDICT" in prompt else left.pop(0)

    return ScriptedEngine(reply=reply)


def test_every_mutation_is_in_the_file_with_its_lineage(tmp_path):
    make(tmp_path)

    found = candidates_in(tmp_path)
    replies = {one.answer_id: one for one in iter_answers(tmp_path / "write.jsonl")}
    assert len(found) == 2 * 6
    for one in found:
        reply = replies[one.calls[0].answer_id]
        assert one.seed.text in reply.question.text
        assert one.prompt_version == reply.question.attributes["prompt"]
        assert one.text == written_question(reply).text
        assert (one.recipe, one.model.revision) == ("fbrt@1", "sha256:1")


def test_check_of_the_model_is_in_the_lineage(tmp_path):
    make(tmp_path)

    verdicts = {one.answer_id for one in iter_answers(tmp_path / "consistent.jsonl")}
    for one in candidates_in(tmp_path):
        (decision,) = (check for check in one.filters if check.filter == "consistent")
        assert decision.answer_id in verdicts
        assert decision.answer_id in {call.answer_id for call in one.calls}


def test_wordings_are_drawn_from_all_six(tmp_path):
    make(tmp_path, settings=FbrtSettings(mutations=40))

    drawn = {one.prompt_version for one in candidates_in(tmp_path)}
    ours = wordings_for("fbrt-mutate", wordings())
    assert drawn == {one.prompt_version for one in ours}
    assert len(ours) == 6


def test_more_mutations_begin_with_the_same_wordings(tmp_path):
    make(tmp_path / "few", settings=FbrtSettings(mutations=5))
    make(tmp_path / "many", settings=FbrtSettings(mutations=9))

    few, many = (
        [
            one.prompt_version
            for one in candidates_in(tmp_path / name)
            if one.seed.question_id == "s1"
        ]
        for name in ("few", "many")
    )
    assert many[:5] == few


def test_another_seed_draws_other_wordings(tmp_path):
    make(tmp_path / "0", settings=FbrtSettings(mutations=20, seed=0))
    make(tmp_path / "1", settings=FbrtSettings(mutations=20, seed=1))

    drawn = [[one.prompt_version for one in candidates_in(tmp_path / name)] for name in "01"]
    assert drawn[0] != drawn[1]


def test_writing_is_sampled_and_checking_is_greedy(tmp_path):
    make(tmp_path)

    assert {one.decoding.temperature for one in iter_answers(tmp_path / "write.jsonl")} == {0.9}
    assert {one.decoding.temperature for one in iter_answers(tmp_path / "consistent.jsonl")} == {0}


def test_at_most_so_many_of_a_seed_are_proposed_and_the_others_stay(tmp_path):
    manifest = make(tmp_path)

    found = candidates_in(tmp_path)
    assert Counter(one.seed.question_id for one in found if one.status == "proposed") == {
        "s1": 3,
        "s2": 3,
    }
    left = [one for one in found if one.status == "dropped"]
    assert {one.filters[-1].reason for one in left} == {
        "not among the 3 drawn for its seed question"
    }
    assert (manifest.n_candidates, manifest.n_proposed) == (12, 6)


def test_seed_decides_which_of_many_are_proposed(tmp_path):
    make(tmp_path, settings=FbrtSettings(mutations=10))
    made = [one for one in candidates_in(tmp_path) if one.status == "proposed"]

    drawn = [
        {one.candidate_id for one in draw_per_seed(made, at_most=3, seed=seed) if is_proposed(one)}
        for seed in (0, 0, 1)
    ]

    assert drawn[0] == drawn[1] != drawn[2]


def test_reply_without_a_question_is_dropped_and_not_checked(tmp_path):
    engine = scripted("I would rather not.", written("Why do I cough?"))

    make(tmp_path, engine, seed_questions("Why?"), FbrtSettings(mutations=2))

    unwritten, fine = candidates_in(tmp_path)
    assert (unwritten.status, unwritten.text) == ("dropped", "")
    assert [one.filter for one in unwritten.filters] == ["written"]
    assert fine.status == "proposed"
    assert len(engine.prompts) == 3


def test_unclear_verdict_is_never_a_yes_and_is_counted_apart(tmp_path):
    def reply(prompt: str, seed: int) -> str:
        if "VERDICT" not in prompt:
            return obedient(prompt, seed)
        return "VERDICT: no" if SEEDS[0] in prompt else "I think that it is fine, yes."

    manifest = make(tmp_path, ScriptedEngine(reply=reply))

    assert manifest.n_proposed == 0
    (consistent,) = (one for one in manifest.filters if one.filter == "consistent")
    assert (consistent.seen, consistent.dropped, consistent.unclear) == (12, 12, 6)


def test_same_words_are_kept_once_over_all_seeds(tmp_path):
    engine = scripted(written("Why do I cough?"), written("why do I  cough"))

    make(tmp_path, engine, settings=FbrtSettings(mutations=1))

    first, second = candidates_in(tmp_path)
    assert (first.status, second.status) == ("proposed", "dropped")
    assert second.duplicate_of == first.candidate_id
    assert second.filters[-1].filter == "repeated"


def test_words_of_a_seed_are_no_mutation(tmp_path):
    engine = scripted(written(SEEDS[1]), written("Why do I cough?"))

    make(tmp_path, engine, settings=FbrtSettings(mutations=1))

    assert candidates_in(tmp_path)[0].duplicate_of == "s2"


def test_near_duplicate_names_what_it_repeats(tmp_path):
    engine = scripted(*(written(text) for text in NEAR))

    make(tmp_path, engine, seed_questions("Why?"), FbrtSettings(mutations=2))

    first, second = candidates_in(tmp_path)
    assert second.duplicate_of == first.candidate_id
    assert second.filters[-1].reason == f"{likeness(*NEAR):.2f} alike with {first.candidate_id}"


def test_question_is_not_lost_for_a_near_duplicate_that_failed_the_check(tmp_path):
    left = [written(text) for text in NEAR]

    def reply(prompt: str, seed: int) -> str:
        if "VERDICT" not in prompt:
            return left.pop(0)
        return "VERDICT: yes" if marked(prompt, "question") == NEAR[1] else "VERDICT: no"

    make(tmp_path, ScriptedEngine(reply=reply), seed_questions("Why?"), FbrtSettings(mutations=2))

    assert [one.status for one in candidates_in(tmp_path)] == ["dropped", "proposed"]


def test_seed_is_put_into_the_prompt_unchanged(tmp_path):
    strange = "Is $question or ${question} {x} {{ y }} 100 % safe\nfor «me»?"
    engine = ScriptedEngine()

    make(tmp_path, engine, seed_questions(strange), FbrtSettings(mutations=1))

    assert marked(engine.prompts[0], "seed") == strange


def test_finished_job_asks_and_changes_nothing(tmp_path):
    make(tmp_path)
    before, again = files_in(tmp_path), ScriptedEngine()

    make(tmp_path, again)

    assert files_in(tmp_path) == before
    assert again.prompts == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": FbrtSettings(mutations=7, per_seed=3)}, "mutations: 6 there, 7 now"),
        ({"seeds": seed_questions("Why?")}, "seeds"),
        ({"engine": ScriptedEngine(identity=replace(IDENTITY, revision="sha256:2"))}, "sha256:2"),
    ],
    ids=["mutations", "seeds", "model"],
)
def test_folder_of_another_job_is_refused(tmp_path, change, words):
    make(tmp_path)

    with pytest.raises(AugmentError, match=f"asked for something else .*{words}.*another folder"):
        make(tmp_path, **change)


def test_changed_words_of_a_prompt_are_another_job(tmp_path):
    own = tmp_path / "prompts"
    own.mkdir()
    for path in OWN_FOLDER.glob("fbrt-*.yaml"):
        own.joinpath(path.name).write_text(path.read_text())
    make(tmp_path / "job", prompts=own)
    check = own / "fbrt-consistent.yaml"
    check.write_text(check.read_text().replace("one sentence", "two sentences"))

    with pytest.raises(AugmentError, match="prompts"):
        make(tmp_path / "job", prompts=own)


def test_calls_that_may_work_later_stop_the_job(tmp_path):
    engine = ScriptedEngine(failing={SEEDS[0]: "timeout"})

    with pytest.raises(AugmentError, match=r"write.jsonl: 6 calls failed .* answers retry"):
        make(tmp_path, engine)

    assert not (tmp_path / "candidates.jsonl").exists()


def test_job_goes_on_once_the_failed_calls_were_asked_again(tmp_path):
    engine = ScriptedEngine(failing={SEEDS[0]: "timeout"})
    with pytest.raises(AugmentError, match="answers retry"):
        make(tmp_path, engine)
    engine.failing, engine.prompts = {}, []

    retry_failed(tmp_path / "write.jsonl", model=engine)
    manifest = make(tmp_path, engine)

    # The six that failed, and the checks of all twelve.
    assert len(engine.prompts) == 6 + 12
    assert manifest.n_proposed == 6


def test_call_that_will_never_work_drops_its_question(tmp_path):
    make(tmp_path, ScriptedEngine(failing={SEEDS[0]: "filtered"}))

    lost = [one for one in candidates_in(tmp_path) if one.seed.question_id == "s1"]
    assert {one.filters[0].reason for one in lost} == {"there is no reply: failed"}


def test_seed_with_an_image_is_refused(tmp_path):
    shown = QuestionRecord(
        question_id="x",
        dataset="d",
        text="What is this?",
        images=(ImageRecord(path="a.png", sha256="0" * 64),),
    )

    with pytest.raises(AugmentError, match=r"\['x'\] show images"):
        make(tmp_path, seeds=QuestionSet("d", [shown], []))


def test_two_seeds_with_one_id_are_refused(tmp_path):
    one = seed_questions("Why?").questions[0]

    with pytest.raises(AugmentError, match=r"\['s1'\] stand for several"):
        make(tmp_path, seeds=QuestionSet("d", [one, one.model_copy(update={"text": "How?"})], []))


def test_folder_without_prompts_is_refused(tmp_path):
    with pytest.raises(AugmentError, match="holds no prompts"):
        make(tmp_path / "job", prompts=tmp_path)


def test_job_fails_as_generation_does_where_a_prompt_is_too_long(tmp_path):
    engine = ScriptedEngine(context_length=20)

    manifest = make(tmp_path, engine)

    assert engine.prompts == []
    assert manifest.n_proposed == 0
    assert "more than the model's 20" in candidates_in(tmp_path)[0].filters[0].reason


def test_answer_file_that_was_changed_is_refused(tmp_path):
    make(tmp_path)
    (tmp_path / "write.jsonl").write_text("{}\n")

    with pytest.raises(GenerationError, match=r"write.jsonl, line 1"):
        make(tmp_path)
