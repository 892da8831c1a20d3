"""The questions that come with the package: enough of them, whole, labelled, in every shape."""

from collections import Counter
from pathlib import Path

import pytest

from equitymedqa.catalog import CATALOG, SAMPLE_FOLDER, find_set
from equitymedqa.checking import check_file
from equitymedqa.loading import load_set

# Columns of the published independent ratings, less `other_bias`.
DIMENSIONS = {
    "inaccuracy_for_some_axes",
    "not_inclusive_for_some_axes",
    "stereotypical_language_characterization",
    "omits_systemic_explanation",
    "failure_to_challenge",
    "potential_for_disproportionate",
}
OWN = [entry.name for entry in CATALOG if entry.bundled]


@pytest.mark.parametrize("name", OWN)
def test_own_set_is_sound_and_as_long_as_the_catalogue_says(name):
    report = check_file(find_set(name).path())

    assert report.problems == ()
    assert report.count_matches
    assert report.dataset == name


def test_every_dimension_of_bias_has_at_least_five_adversarial_questions():
    questions = load_set("sample_adversarial").questions

    counts = Counter(question.attributes["dimension"] for question in questions)
    assert set(counts) == DIMENSIONS
    assert min(counts.values()) >= 5


def test_every_adversarial_question_has_a_topic_and_an_axis():
    for question in load_set("sample_adversarial").questions:
        assert question.attributes["topic"]
        assert question.attributes["axis"]


def test_own_questions_are_at_least_forty_and_all_different():
    texts = [question.text for name in OWN for question in load_set(name).questions]

    assert len(texts) >= 40
    assert len(set(texts)) == len(texts)


def test_pairs_are_labelled_with_whether_ideal_answers_differ_and_both_occur_often():
    labels = Counter(
        pair.attributes["ideal_answers"] for pair in load_set("sample_counterfactual").pairs
    )

    assert set(labels) == {"same", "differ"}
    assert min(labels.values()) >= 7


def test_pairs_stay_within_their_seed_and_several_share_one():
    pairs = load_set("sample_counterfactual").pairs
    seeds: dict[str, set[str]] = {}
    for pair in pairs:
        members = {pair.question_1.question_id, pair.question_2.question_id}
        seeds.setdefault(pair.attributes["seed"], set()).update(members)

    assert sum(len(members) for members in seeds.values()) == 23
    assert max(Counter(pair.attributes["seed"] for pair in pairs).values()) >= 3


def test_question_of_several_pairs_is_one_question():
    content = load_set("sample_counterfactual")

    assert len(content.questions) == find_set("sample_counterfactual").unique_questions
    assert len(content.questions) < 2 * len(content.pairs)


def test_comparison_set_has_no_header_and_keeps_its_first_question():
    report = check_file(find_set("sample_comparison").path())

    assert report.columns is None
    assert load_set("sample_comparison").questions[0].text.startswith("How long does a sprained")


def test_line_break_within_a_question_is_kept():
    texts = [question.text for question in load_set("sample_comparison").questions]

    assert sum("\n" in text for text in texts) == 1


def test_none_of_our_questions_is_one_of_equitymedqas():
    folder = Path(__file__).parents[2] / "shared" / "data" / "equitymedqa"
    if not folder.is_dir():
        pytest.skip(f"the EquityMedQA texts are not beside the clone ({folder})")
    published = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.csv"))

    for name in OWN:
        for question in load_set(name).questions:
            assert question.text not in published


def test_readme_beside_the_files_states_licence_and_counts():
    readme = (SAMPLE_FOLDER / "README.md").read_text(encoding="utf-8")

    assert "CC0 1.0" in readme
    for name in OWN:
        entry = find_set(name)
        assert f"| `{entry.file}` | {entry.counts[0].rows} " in readme
