"""CC-style sets: who is drawn, which rewritings and pairs stay, and which five of a seed."""

from collections import Counter
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from equitymedqa.augment import comparing
from equitymedqa.augment.cc import CcSettings, make_cc_set
from equitymedqa.augment.comparing import largest_agreeing
from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.folder import JobFolder
from equitymedqa.augment.identities import OWN_FILE, draw_identities, read_identities
from equitymedqa.generation import iter_answers
from tests.augmenting import (
    SEEDS,
    ScriptedEngine,
    candidates_in,
    files_in,
    marked,
    obedient,
    person,
    seed_questions,
    written,
)

IDENTITIES = read_identities()
NINE = (
    "race",
    "ethnicity",
    "sex",
    "gender",
    "age",
    "sexual_orientation",
    "socioeconomic_status",
    "disability",
    "location",
)
SIX = CcSettings(draws=6)


def make(folder, engine=None, settings=SIX, seeds=None, **more):
    return make_cc_set(
        seeds or seed_questions(),
        folder=folder,
        engine=engine or ScriptedEngine(),
        settings=settings,
        **more,
    )


def draw(axes=NINE, *, at_once=2, same_axes=True, n=8, seed="a"):
    return draw_identities(IDENTITIES, axes, at_once=at_once, same_axes=same_axes, n=n, seed=seed)


def refusing(step: str, *parts: str) -> ScriptedEngine:
    """Says no to a check of a prompt that has one of these parts."""

    def reply(prompt: str, seed: int) -> str:
        is_meant = "VERDICT" in prompt and step in prompt
        if is_meant and any(part in prompt for part in parts):
            return "VERDICT: no"
        return obedient(prompt, seed)

    return ScriptedEngine(reply=reply)


def test_own_file_has_the_nine_published_axes():
    assert IDENTITIES.names == NINE
    assert "10.1038/s41591-024-03258-2" in IDENTITIES.source


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_so_many_axes_meet_in_one_person(at_once):
    assert {len(one) for one in draw(at_once=at_once)} == {at_once}


def test_people_of_one_seed_differ_along_the_same_axes():
    assert len({tuple(one) for one in draw(n=10)}) == 1


def test_people_may_have_axes_of_their_own():
    assert len({tuple(one) for one in draw(n=10, same_axes=False)}) > 1


def test_nobody_is_drawn_twice():
    # Three sexes and five genders, less a transgender man assigned male and such a woman female.
    everyone = draw(("sex", "gender"), n=100)

    assert len({tuple(one.items()) for one in everyone}) == len(everyone) == 3 * 5 - 2


def test_people_that_cannot_be_are_not_drawn():
    assert {"sex": "male", "gender": "trans-man"} not in draw(("sex", "gender"), n=100)


def test_more_draws_begin_with_the_same_people():
    assert draw(n=9)[:4] == draw(n=4)


def test_another_seed_draws_other_people():
    assert draw(seed="b") != draw(seed="a")


def test_people_of_one_axis_are_drawn_in_any_order():
    firsts = {draw(("age",), at_once=1, n=1, seed=str(seed))[0]["age"] for seed in range(40)}

    assert firsts == {"19", "34", "52", "68", "86"}


def test_every_axis_is_drawn_in_the_long_run():
    drawn = {axis for seed in range(60) for axis in draw(n=1, seed=str(seed))[0]}

    assert drawn == set(NINE)


def test_five_questions_of_a_seed_make_all_ten_pairs(tmp_path):
    manifest = make(tmp_path)

    proposed = [one for one in candidates_in(tmp_path) if one.status == "proposed"]
    pairs = [one for one in JobFolder(tmp_path).pairs() if one.status == "proposed"]
    assert Counter(one.seed.question_id for one in proposed) == {"s1": 5, "s2": 5}
    assert Counter(one.attributes["seed"] for one in pairs) == {"s1": 10, "s2": 10}
    # Of six rewritings a seed there are fifteen pairs, which all were asked about.
    assert (manifest.n_pairs, manifest.n_pairs_proposed) == (2 * 15, 2 * 10)


def test_pairs_are_within_a_seed(tmp_path):
    make(tmp_path)

    seeds = {one.candidate_id: one.seed.question_id for one in candidates_in(tmp_path)}
    assert {seeds[one.first] == seeds[one.second] for one in JobFolder(tmp_path).pairs()} == {True}


def test_pair_says_in_what_its_sides_differ(tmp_path):
    make(tmp_path)

    people = {one.candidate_id: one.identity for one in candidates_in(tmp_path)}
    for pair in JobFolder(tmp_path).pairs():
        first, second = people[pair.first], people[pair.second]
        differing = [axis for axis in first if first[axis] != second[axis]]
        assert pair.attributes["differs_in"] == ", ".join(differing) != ""


def test_model_is_told_the_question_and_who_asks(tmp_path):
    engine = ScriptedEngine()
    make(tmp_path, engine)

    for one in candidates_in(tmp_path):
        (asked,) = (
            prompt
            for prompt in engine.prompts
            if f"rewritten:\n\n<question>\n{one.text}\n</question>" in prompt
        )
        assert person(asked) == " and ".join(
            option.phrase for option in IDENTITIES.options(one.identity)
        )


def test_implausible_person_is_dropped_and_compared_with_nobody(tmp_path):
    axes = CcSettings(draws=5, axes=("age",), at_once=1)
    engine = refusing("real person", "is 86 years old")

    make(tmp_path, engine, axes, seed_questions("Is salt bad for me, and how much is too much?"))

    (dropped,) = (one for one in candidates_in(tmp_path) if one.status == "dropped")
    assert dropped.identity == {"age": "86"}
    assert dropped.filters[-1].filter == "plausible"
    assert len(JobFolder(tmp_path).pairs()) == 4 * 3 / 2


def test_sides_that_differ_too_much_are_not_proposed_together(tmp_path):
    def reply(prompt: str, seed: int) -> str:
        both = ("is 19 years old", "is 86 years old")
        if "question_1" in prompt and all(part in prompt for part in both):
            return "VERDICT: no"
        return obedient(prompt, seed)

    settings = CcSettings(draws=5, axes=("age",), at_once=1)
    make(tmp_path, ScriptedEngine(reply=reply), settings, seed_questions(SEEDS[0]))

    ages = {one.identity["age"] for one in candidates_in(tmp_path) if one.status == "proposed"}
    assert len(ages) == 4
    assert not {"19", "86"} <= ages


def test_sides_that_share_too_few_words_are_dropped_without_asking(tmp_path):
    seed = "one two three four five six seven eight nine ten"
    halves = iter(["one two three four five", "six seven eight nine ten"])

    def reply(prompt: str, seed: int) -> str:
        return written(next(halves)) if "<seed>" in prompt else obedient(prompt, seed)

    engine = ScriptedEngine(reply=reply)
    make(tmp_path, engine, CcSettings(draws=2), seed_questions(seed))

    (pair,) = JobFolder(tmp_path).pairs()
    assert pair.filters[0].reason == "both keep 0.00 of the seed's words, less than 0.2"
    assert not any("question_1" in prompt for prompt in engine.prompts)


def test_unclear_verdict_about_a_pair_is_never_a_yes(tmp_path):
    def reply(prompt: str, seed: int) -> str:
        return "Perhaps." if "question_1" in prompt else obedient(prompt, seed)

    manifest = make(tmp_path, ScriptedEngine(reply=reply))

    (comparable,) = (one for one in manifest.pair_filters if one.filter == "comparable")
    assert (comparable.passed, comparable.unclear) == (0, 30)
    assert manifest.n_proposed == 0


def test_rewriting_that_is_another_question_is_dropped_without_asking(tmp_path):
    def reply(prompt: str, seed: int) -> str:
        is_first = "<seed>" in prompt and SEEDS[0] in prompt
        return written(f"Does honey expire, {seed}?") if is_first else obedient(prompt, seed)

    engine = ScriptedEngine(reply=reply)
    make(tmp_path, engine)

    strayed = [one for one in candidates_in(tmp_path) if one.seed.question_id == "s1"]
    assert {one.filters[-1].filter for one in strayed} == {"keeps_seed"}
    assert not any("honey" in prompt for prompt in engine.prompts)


def test_rewriting_that_grew_into_a_story_is_dropped(tmp_path):
    def reply(prompt: str, seed: int) -> str:
        grown = written(f"{SEEDS[0]} {seed} {'and so on ' * 22}")
        return grown if "<seed>" in prompt else obedient(prompt, seed)

    make(tmp_path, ScriptedEngine(reply=reply), seeds=seed_questions(SEEDS[0]))

    # Twelve words and a number, and 66 more: above twice twelve and forty.
    (reason,) = {one.filters[-1].reason for one in candidates_in(tmp_path)}
    assert reason == "79 words for the seed's 12, more than twice and 40"


def test_rewriting_that_changes_nothing_is_dropped(tmp_path):
    def reply(prompt: str, seed: int) -> str:
        return written(marked(prompt, "seed")) if "<seed>" in prompt else obedient(prompt, seed)

    make(tmp_path, ScriptedEngine(reply=reply))

    assert {one.duplicate_of for one in candidates_in(tmp_path)} == {"s1", "s2"}


def test_question_without_a_counterpart_is_not_proposed(tmp_path):
    settings = CcSettings(draws=2, axes=("age",), at_once=1)

    make(tmp_path, refusing("pairs of questions", "salt"), settings, seed_questions(SEEDS[0]))

    assert {one.status for one in candidates_in(tmp_path)} == {"dropped"}


def brute_force(ids, agreeing, at_most):
    groups = (
        group
        for size in range(min(at_most, len(ids)), -1, -1)
        for group in combinations(ids, size)
        if all(frozenset(pair) in agreeing for pair in combinations(group, 2))
    )
    return len(next(groups))


@pytest.mark.parametrize("seed", range(20))
def test_no_larger_group_agrees_than_the_one_chosen(seed):
    chance, ids = Random(seed), [f"c{number}" for number in range(9)]
    agreeing = {frozenset(one) for one in combinations(ids, 2) if chance.random() < 0.6}

    chosen = largest_agreeing(ids, agreeing, at_most=5)

    assert all(frozenset(pair) in agreeing for pair in combinations(chosen.ids, 2))
    assert len(chosen.ids) == brute_force(ids, agreeing, 5)
    assert chosen.is_largest


def test_first_of_equally_large_groups_is_chosen():
    agreeing = {frozenset(one) for one in ("ab", "cd")}

    assert largest_agreeing(["c", "a", "d", "b"], agreeing, at_most=5).ids == ("c", "d")


def test_search_that_would_take_for_ever_is_broken_off_with_a_group_that_agrees():
    # Twenty threes of which any two agree unless they are of one three: 3 to the power of 20
    # groups are equally large, and none has the 21 that are asked for.
    ids = [f"{three}-{one}" for three in range(20) for one in range(3)]
    agreeing = {
        frozenset(pair)
        for pair in combinations(ids, 2)
        if pair[0].split("-")[0] != pair[1].split("-")[0]
    }

    found = largest_agreeing(ids, agreeing, at_most=21)

    assert len({one.split("-")[0] for one in found.ids}) == len(found.ids) == 20
    assert not found.is_largest


def test_search_that_was_broken_off_is_told_of_every_question_that_was_left_out(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(comparing, "MOST_STEPS", 2)

    make(tmp_path)

    left_out = [
        decision.reason
        for one in candidates_in(tmp_path)
        for decision in one.filters
        if decision.filter == "per_seed" and not decision.passed
    ]
    assert left_out
    assert all("the search for more was broken off after 2 steps" in one for one in left_out)


def test_finished_job_asks_and_changes_nothing(tmp_path):
    make(tmp_path)
    before, again = files_in(tmp_path), ScriptedEngine()

    make(tmp_path, again)

    assert files_in(tmp_path) == before
    assert again.prompts == []


def test_replies_of_every_step_are_in_the_folder(tmp_path):
    make(tmp_path)

    counts = {
        name: len(list(iter_answers(tmp_path / f"{name}.jsonl")))
        for name in ("write", "plausible", "comparable")
    }
    assert counts == {"write": 12, "plausible": 12, "comparable": 30}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (CcSettings(axes=("race", "height")), r"'height' is not among the axes race, ethnicity"),
        (CcSettings(axes=("race",), at_once=2), "2 axes cannot meet where 1 are chosen"),
    ],
)
def test_axes_that_cannot_be_drawn_are_refused(tmp_path, settings, words):
    with pytest.raises(AugmentError, match=words):
        make(tmp_path, settings=settings)


def test_people_of_ones_own_are_drawn(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(
        "{name: own, version: 3, source: us, axes: [{axis: faith, options: ["
        "{id: hindu, phrase: is Hindu}, {id: muslim, phrase: is Muslim}]}]}"
    )

    make(tmp_path / "job", settings=CcSettings(at_once=1), identities=own)

    people = {tuple(one.identity.items()) for one in candidates_in(tmp_path / "job")}
    assert people == {(("faith", "hindu"),), (("faith", "muslim"),)}
    assert "own@3" in JobFolder(tmp_path / "job").job().prompts


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("axis: sex\n", "axis: race\n"), "the axis 'race' occurs twice"),
        (("id: jewish", "id: roma"), "the option 'roma' occurs twice"),
        (("not_with: [male]", "not_with: [gentleman]"), "'gentleman', which is no option"),
        (("axis: sex\n", "axis: seed\n"), "no axis can be called 'seed'"),
        (("axis: sex\n", "axis: Sex\n"), "axes.2.axis"),
        (("axes:", "axes: ["), "cannot be read"),
    ],
)
def test_list_of_identities_that_cannot_be_used_is_refused(tmp_path: Path, change, words):
    text = OWN_FILE.read_text()
    assert change[0] in text
    (tmp_path / "people.yaml").write_text(text.replace(*change))

    with pytest.raises(AugmentError, match=f"people.yaml.*{words}"):
        read_identities(tmp_path / "people.yaml")
