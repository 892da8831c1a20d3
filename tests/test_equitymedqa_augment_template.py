"""Templates: how slots are filled, what is refused, and how many questions and pairs come out."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from equitymedqa import augment
from equitymedqa.augment.articles import article
from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.folder import JobFolder
from equitymedqa.augment.release import write_release
from equitymedqa.augment.template_sets import make_template_set, written_by_hand
from equitymedqa.augment.templates import parse_template
from equitymedqa.loading import load_questions
from tests.augmenting import candidates_in, files_in

EXAMPLES = Path(augment.__file__).parent / "examples" / "templates.yaml"


def texts(template: str, **more) -> list[str]:
    parsed = parse_template(template, **more)
    return [parsed.filled(chosen) for chosen in parsed.combinations()]


def save(folder: Path, *templates: str, **more) -> Path:
    path = folder / "templates.yaml"
    entries = [{"id": f"t{n}", "text": text} for n, text in enumerate(templates, start=1)]
    path.write_text(yaml.safe_dump({"name": "own", "version": 1, "templates": entries, **more}))
    return path


def slot(name: str, n: int) -> str:
    return f"{{{name}: {' | '.join(f'{name}{number}' for number in range(n))}}}"


def test_every_combination_is_made_once_in_order():
    assert texts("My {a: x | y} {b: 1 | 2 | 3}") == [
        "My x 1",
        "My x 2",
        "My x 3",
        "My y 1",
        "My y 2",
        "My y 3",
    ]


def test_slot_that_comes_again_agrees():
    assert texts(
        "My {sex: son | daughter} coughs. Is my {sex} ill, and is {sex: he | she} safe?"
    ) == [
        "My son coughs. Is my son ill, and is he safe?",
        "My daughter coughs. Is my daughter ill, and is she safe?",
    ]


def test_slot_can_take_its_options_from_the_file():
    assert texts("I am {race}.", shared={"race": ("Black", "white")}) == [
        "I am Black.",
        "I am white.",
    ]


def test_article_follows_the_words():
    assert texts("I am a {race: Asian | Black} man, not an {race} boy.") == [
        "I am an Asian man, not an Asian boy.",
        "I am a Black man, not a Black boy.",
    ]


def test_article_that_opens_a_sentence_keeps_its_capital():
    assert (
        texts("A {age: 9 | 80} year old. A {age} year old!")[1] == "An 80 year old. An 80 year old!"
    )


def test_capital_letter_is_no_article():
    assert texts("Vitamin A {form: as oil | drops}") == ["Vitamin A as oil", "Vitamin A drops"]


def test_word_that_ends_in_a_is_no_article():
    assert texts("Qué dosis de insulina {how: oral | nueva}")[0] == "Qué dosis de insulina oral"


def test_other_languages_keep_their_a():
    assert texts("Vi a {who: Ana | Juan}", is_english=False)[0] == "Vi a Ana"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("elderly man", "an"),
        ("woman", "a"),
        ("hour", "an"),
        ("Hispanic", "a"),
        ("8 year old", "an"),
        ("80 year old", "an"),
        ("18-year-old", "an"),
        ("11 year old", "an"),
        ("110 kg", "a"),
        ("uninsured", "an"),
        ("undocumented", "an"),
        ("Ugandan", "a"),
        ("European", "a"),
        ("one-legged", "a"),
        ("unilateral", "a"),
        ("HIV-positive", None),
        ("U.S. citizen", None),
        ("Uyghur", None),
        ("", None),
    ],
)
def test_article_is_told_by_sound_or_not_at_all(words, expected):
    assert article(words) == expected


def test_article_that_cannot_be_told_is_refused_with_the_way_out():
    with pytest.raises(AugmentError, match=r"before 'HIV-positive' cannot be told; write the art"):
        texts("I am a {status: HIV-positive | healthy} man.")


def test_article_within_the_options_is_left_alone():
    assert (
        texts("I am {status: an HIV-positive | a healthy} man.")[0] == "I am an HIV-positive man."
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{who: people in prison | veterans} ask", "People in prison ask"),
        ("Is it so? {who: people | men} ask", "Is it so? People ask"),
        ("He said: “{who: people | men} ask.” Why?", "He said: “people ask.” Why?"),
        ("Ask Dr. {who: ada | bo}", "Ask Dr. ada"),
        ("Pain killers, e.g. {drug: aspirin | oil}", "Pain killers, e.g. aspirin"),
        ("So\n{who: people | men} ask", "So\nPeople ask"),
    ],
)
def test_slot_gets_a_capital_only_where_it_opens_a_sentence(template, expected):
    assert texts(template)[0] == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("I am a {race: (none) | Black} man.", "I am a man."),
        ("I am a {race: (none) | Black} elderly man.", "I am an elderly man."),
        ("I am {race: (none) | Black}, and ill.", "I am, and ill."),
        ("{race: (none) | Black} people ask.", "People ask."),
        ("Why me, {race: (none) | Black}", "Why me,"),
        ("a {x: (none) | b} {y: (none) | c} end", "an end"),
    ],
)
def test_option_that_says_nothing_leaves_no_trace(template, expected):
    assert texts(template)[0] == expected


def test_doubled_braces_are_the_texts_own():
    assert texts("{{x}} {a: b | c}") == ["{x} b", "{x} c"]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("No slot at all", "there is no slot"),
        ("An open { brace", "a brace '{' has no partner"),
        ("A {race: Black | white}}", "a brace '}' has no partner"),
        ("{race}", "options of 'race' are given nowhere before"),
        ("{Race: Black | white}", "is no slot"),
        ("{race: Black}", "only the option 'Black'"),
        ("{race: Black | Black}", "is given twice"),
        ("{race: Black | }", r"an option is empty; write \(none\)"),
        ("{sex: man | woman} {sex: he}", "has 1 options, but 'sex' has 2: man | woman"),
        ("{seed: a | b}", "cannot be called 'seed'"),
        ("{question: a | b}", "cannot be called 'question'"),
    ],
)
def test_template_that_cannot_be_explained_is_refused(template, words):
    with pytest.raises(AugmentError, match=words):
        texts(template)


def test_refusal_names_file_and_template(tmp_path):
    path = save(tmp_path, "{a: x | y}", "{b}")

    with pytest.raises(AugmentError, match=r"templates.yaml, template 't2': \{b\}"):
        written_by_hand(path, dataset="d")


def test_combinations_with_the_same_text_are_refused(tmp_path):
    path = save(tmp_path, "I am a {a: tall | (none)} {b: (none) | tall} man.")

    with pytest.raises(AugmentError, match=r"give the same text: 'I am a tall man\.'"):
        written_by_hand(path, dataset="d")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{sex: (none) | man}", r"\{'sex': '\(none\)'\} gives a text that is empty"),
        ("A {sex: he | s\0he}", r"gives a text that is not storable: it holds a NUL character"),
    ],
    ids=["empty", "nul"],
)
def test_combination_that_gives_no_question_is_refused(tmp_path, template, words):
    path = save(tmp_path, template)

    with pytest.raises(AugmentError, match=rf"templates\.yaml, template 't1': .*{words}"):
        written_by_hand(path, dataset="d")


def test_more_texts_than_anyone_could_review_are_refused(tmp_path):
    path = save(tmp_path, " ".join(slot(name, 9) for name in "abcd"))

    with pytest.raises(AugmentError, match="its slots give 6561 texts, more than 5000"):
        written_by_hand(path, dataset="d")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name: a\nversion: 1\ntemplates:\n- {id: x, text: a}\n  b: c: d", "is no YAML.*in quotes"),
        ("name: a\nversion: 1\ntemplates: []", "templates: "),
        ("name: a\nversion: 1\nx: 1\ntemplates: [{id: a, text: b}]", "x: Extra"),
        (
            "name: a\nversion: 1\ntemplates: [{id: a, text: b}, {id: a, text: c}]",
            "the id 'a' stands",
        ),
        (
            "name: a\nversion: 1\ntemplates: [{id: a, text: b, attributes: {seed: x}}]",
            "no label can be called 'seed'",
        ),
        (
            'name: a\nversion: 1\ntemplates: [{id: a, text: b, attributes: {x: "\\0"}}]',
            "templates.0: .* is not storable: it holds a NUL character",
        ),
    ],
    ids=["yaml", "none", "key", "twice", "label", "nul"],
)
def test_file_that_is_no_list_of_templates_is_refused(tmp_path, content, words):
    (tmp_path / "t.yaml").write_text(content)

    with pytest.raises(AugmentError, match=f"(?s)t.yaml.*{words}"):
        written_by_hand(tmp_path / "t.yaml", dataset="d")


def counts(path: Path, **more) -> tuple[int, int]:
    release = written_by_hand(path, dataset="d", **more)
    return len(release.questions), len(release.pairs)


def test_all_pairs_of_a_template_or_those_that_differ_in_one_slot(tmp_path):
    path = save(tmp_path, f"{slot('a', 2)} {slot('b', 3)}")

    # 6 texts, so 6 x 5 / 2 pairs; in one slot: 3 for a, and 2 x 3 for b.
    assert counts(path, pairing="all") == (6, 15)
    assert counts(path, pairing="one") == (6, 9)


def test_pairs_stay_within_a_template(tmp_path):
    path = save(tmp_path, slot("a", 3), slot("b", 4))

    assert counts(path, pairing="all") == (7, 3 + 6)


def test_small_term_lists_give_as_many_questions_and_pairs_as_cc_manual(tmp_path):
    # CC-Manual: 8 templates, 45 different questions, 123 pairs within a template. Which template
    # gave how many is not known; these lists are one way: 9 + 9 + 6 + 6 + 4 + 4 + 4 + 3 questions
    # and 36 + 36 + 15 + 15 + 6 + 6 + 6 + 3 pairs.
    lists = [(3, 3), (3, 3), (2, 3), (2, 3), (2, 2), (2, 2), (4,), (3,)]
    templates = [
        " ".join(slot(name, n) for name, n in zip("ab", sizes, strict=False)) for sizes in lists
    ]

    assert counts(save(tmp_path, *templates), pairing="all") == (45, 123)


def test_one_place_of_three_is_in_as_many_pairs_as_natal_in_cc_manual(tmp_path):
    # 21 pairs with "Natal", of 3 questions of one seed, were taken out of the published analysis:
    # with n questions of that seed, 3 (n - 3) + 3 = 21, so n is 9, as of two lists of three.
    path = save(tmp_path, f"{{place: Natal | Oslo | Lima}} {slot('b', 3)}")

    release = written_by_hand(path, dataset="d", pairing="all")

    with_natal = [
        pair
        for pair in release.pairs
        if "Natal" in (pair.question_1.attributes["place"], pair.question_2.attributes["place"])
    ]
    assert len(with_natal) == 21


def test_files_load_as_a_counterfactual_set(tmp_path):
    path = save(tmp_path, "I am a {race: Asian | Black} {sex: man | woman}.", language="en")
    release = written_by_hand(path, dataset="own")

    questions, pairs = write_release(release, tmp_path / "own.csv")

    loaded = load_questions(pairs, dataset="own")
    assert {one.text for one in loaded.questions} == {one.text for one in release.questions}
    assert [one.pair_id for one in loaded.pairs] == [one.pair_id for one in release.pairs]
    first = loaded.pairs[0]
    assert first.attributes == {"seed": "t1", "differs_in": "sex"}
    assert (first.question_1.attributes["sex"], first.question_2.attributes["sex"]) == (
        "man",
        "woman",
    )
    assert [one.question_id for one in load_questions(questions).questions] == [
        one.question_id for one in release.questions
    ]


def test_label_of_a_template_is_on_each_of_its_pairs(tmp_path):
    path = tmp_path / "t.yaml"
    entry = {"id": "t", "text": slot("a", 3), "attributes": {"ideal_answers": "same"}}
    path.write_text(yaml.safe_dump({"name": "own", "version": 1, "templates": [entry]}))

    labels = [one.attributes["ideal_answers"] for one in written_by_hand(path, dataset="d").pairs]

    assert labels == ["same"] * 3


def test_job_from_templates_can_be_reviewed_like_any_other(tmp_path):
    path = save(tmp_path, "I am a {race: Asian | Black} {sex: man | woman}.")

    manifest = make_template_set(path, folder=tmp_path / "job")

    assert (manifest.n_proposed, manifest.n_pairs_proposed) == (4, 4)
    first = candidates_in(tmp_path / "job")[0]
    assert first.identity == {"race": "Asian", "sex": "man"}
    assert (first.recipe, first.prompt_version, first.model) == ("template@1", "own@1", None)
    assert first.seed.text == "I am a {race: Asian | Black} {sex: man | woman}."


def test_job_from_templates_writes_the_same_bytes_again(tmp_path):
    path = save(tmp_path, slot("a", 3))
    make_template_set(path, folder=tmp_path / "job")
    before = files_in(tmp_path / "job")

    make_template_set(path, folder=tmp_path / "job")

    assert files_in(tmp_path / "job") == before


def test_changed_templates_are_another_job(tmp_path):
    make_template_set(save(tmp_path, slot("a", 3)), folder=tmp_path / "job")

    with pytest.raises(AugmentError, match="asked for something else"):
        make_template_set(save(tmp_path, slot("a", 4)), folder=tmp_path / "job")


def test_unusable_templates_begin_no_job(tmp_path):
    with pytest.raises(AugmentError, match="no slot"):
        make_template_set(save(tmp_path, "Why?"), folder=tmp_path / "job")

    assert not (tmp_path / "job").exists()


def test_example_templates_give_what_the_page_says(tmp_path):
    make_template_set(EXAMPLES, folder=tmp_path)

    # 2 ages x 3 genders and 2 relatives x 4 races; in one slot 3 + 2 x 3, and 4 + 2 x 6.
    assert Counter(one.seed.question_id for one in candidates_in(tmp_path)) == {
        "chest": 6,
        "kidney": 8,
    }
    assert Counter(one.attributes["seed"] for one in JobFolder(tmp_path).pairs()) == {
        "chest": 9,
        "kidney": 16,
    }
