"""The shipped rubrics and the shipped protocol, against what is known of the published study."""

import pytest
import yaml

from equitymedqa.catalog import CATALOG
from rubrics import Item, check_file, load_protocol
from rubrics import load_rubric as load
from rubrics.loader import PROTOCOLS, RUBRICS

SHIPPED = sorted([*RUBRICS.glob("*.yaml"), *PROTOCOLS.glob("*.yaml")])
INDEPENDENT = load("equitymedqa-independent")
PAIRWISE = load("equitymedqa-pairwise")
COUNTERFACTUAL = load("equitymedqa-counterfactual")
ALL = (INDEPENDENT, PAIRWISE, COUNTERFACTUAL)
STUDY = load_protocol("equitymedqa")

# Columns of the released rating files, as the authors' code reads them.
RELEASED_DIMENSIONS = (
    "inaccuracy_for_some_axes",
    "not_inclusive_for_some_axes",
    "stereotypical_language_characterization",
    "omits_systemic_explanation",
    "failure_to_challenge",
    "potential_for_disproportionate",
    "other_bias",
)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_file_has_no_problems(path):
    assert check_file(path) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_file_is_named_by_its_id(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["id"] == path.stem


@pytest.mark.parametrize("rubric", [INDEPENDENT, PAIRWISE], ids=lambda rubric: rubric.id)
def test_dimensions_are_the_released_columns(rubric):
    assert rubric.item("dimensions").codes == RELEASED_DIMENSIONS


def test_dimensions_of_the_counterfactual_file_have_one_plural():
    singular, plural = "omits_systemic_explanation", "omits_systemic_explanations"

    assert COUNTERFACTUAL.item("dimensions").codes == tuple(
        plural if code == singular else code for code in RELEASED_DIMENSIONS
    )


@pytest.mark.parametrize(
    ("rubric", "items"),
    [
        (INDEPENDENT, ["bias_presence", "dimensions", "comment"]),
        (PAIRWISE, ["more_bias", "dimensions", "comment"]),
        (
            COUNTERFACTUAL,
            ["ideal_answers", "answer_similarity", "bias_presence", "dimensions", "comment"],
        ),
    ],
    ids=lambda value: getattr(value, "id", ""),
)
def test_items_stand_in_their_published_order(rubric, items):
    assert [item.id for item in rubric.items] == items


def meaning(item: Item) -> list[tuple[str, float | None, str | None]]:
    return [(option.code, option.score, option.polarity) for option in item.options]


def test_bias_has_three_levels_in_the_independent_rubric():
    assert INDEPENDENT.item("bias_presence").level == "ordinal"
    assert meaning(INDEPENDENT.item("bias_presence")) == [
        ("no_bias", 0, "favourable"),
        ("minor_bias", 1, "unfavourable"),
        ("severe_bias", 2, "unfavourable"),
    ]


def test_bias_is_yes_or_no_in_the_counterfactual_rubric():
    assert meaning(COUNTERFACTUAL.item("bias_presence")) == [
        ("yes", 1, "unfavourable"),
        ("no", 0, "favourable"),
    ]


def test_preference_is_between_a_and_b_or_neither():
    assert PAIRWISE.item("more_bias").codes == ("A", "B", "neither")


def test_unsure_about_ideal_answers_counts_among_three_options():
    # The published free-marginal kappa of this item counts three options.
    options = COUNTERFACTUAL.item("ideal_answers").options

    assert [(option.code, option.is_na) for option in options] == [
        ("ideal_answers_differ", False),
        ("ideal_answers_same", False),
        ("unsure", False),
    ]


def test_similarity_of_answers_claims_no_order_that_was_not_seen():
    item = COUNTERFACTUAL.item("answer_similarity")

    assert (item.level, [option.score for option in item.options]) == ("nominal", [None] * 4)


@pytest.mark.parametrize(
    ("rubric", "codes", "asked"),
    [
        (INDEPENDENT, {"bias_presence": "no_bias"}, False),
        (INDEPENDENT, {"bias_presence": "minor_bias"}, True),
        (INDEPENDENT, {"bias_presence": "severe_bias"}, True),
        (PAIRWISE, {"more_bias": "neither"}, False),
        (PAIRWISE, {"more_bias": "A"}, True),
        (PAIRWISE, {"more_bias": "B"}, True),
        (COUNTERFACTUAL, {"bias_presence": "no"}, False),
        (COUNTERFACTUAL, {"bias_presence": "yes"}, True),
        (COUNTERFACTUAL, {}, False),
    ],
    ids=str,
)
def test_dimensions_are_asked_only_if_there_is_bias(rubric, codes, asked):
    assert ("dimensions" in [item.id for item in rubric.shown(codes)]) is asked


@pytest.mark.parametrize("rubric", ALL, ids=lambda rubric: rubric.id)
def test_roles_say_what_the_report_reads(rubric):
    roles = {item.id: item.role for item in rubric.items if item.role}

    expected = {
        "dimensions": "dimensions",
        "bias_presence": "bias",
        "more_bias": "preference",
        "ideal_answers": "ideal_answers",
        "answer_similarity": "similarity",
    }
    assert roles == {item.id: expected[item.id] for item in rubric.items if item.id != "comment"}


@pytest.mark.parametrize("rubric", ALL, ids=lambda rubric: rubric.id)
def test_consumers_read_other_words_for_the_same_codes(rubric):
    for item in rubric.items:
        plain = item.worded("consumer")
        assert plain.text != item.text
        assert plain.codes == item.codes
        assert all(option.label for option in plain.options)


@pytest.mark.parametrize("rubric", ALL, ids=lambda rubric: rubric.id)
def test_consumers_read_no_help_that_was_written_for_experts(rubric):
    for item in rubric.items:
        pairs = zip(item.options, item.worded("consumer").options, strict=True)
        assert [one.code for one, plain in pairs if plain.help and plain.help == one.help] == []


@pytest.mark.parametrize("rubric", ALL, ids=lambda rubric: rubric.id)
def test_consumers_are_told_what_each_dimension_means(rubric):
    assert all(option.help for option in rubric.item("dimensions").worded("consumer").options)


@pytest.mark.parametrize("rubric", ALL, ids=lambda rubric: rubric.id)
def test_wordings_are_for_groups_of_the_protocol(rubric):
    groups = {group.id for group in STUDY.groups}

    assert {group for item in rubric.items for group in item.groups} <= groups


@pytest.mark.parametrize("rubric", ALL, ids=lambda rubric: rubric.id)
def test_rubric_cites_the_study_and_claims_no_published_words(rubric):
    assert "doi:10.1038/s41591-024-03258-2" in rubric.source
    assert "words are this project's own" in rubric.source
    assert rubric.verified is False


@pytest.mark.parametrize("rubric", ALL, ids=lambda rubric: rubric.id)
@pytest.mark.parametrize(
    "part", ["What you will see", "What counts as bias", "Take your time", "upsetting", "stop"]
)
def test_guide_tells_raters_what_they_must_know(rubric, part):
    assert part in rubric.introduction


def test_groups_are_those_of_the_released_files():
    assert [group.released_as for group in STUDY.groups] == [
        "Physician",
        "Health equity expert",
        "Consumer",
    ]


def raters(rubric: str, name: str) -> dict[str, int]:
    """Raters per unit, by group, over all lines of the protocol."""
    lines = [line for line in STUDY.assessments if line.rubric == rubric and name in line.sets]
    return {group: count for line in lines for group, count in line.raters.items()}


@pytest.mark.parametrize(
    ("rubric", "name", "expected"),
    [
        ("equitymedqa-independent", "mixed_mmqa_omaq", (3, 3, 3)),
        ("equitymedqa-pairwise", "mixed_mmqa_omaq", (3, 3, 0)),
        ("equitymedqa-counterfactual", "cc_manual", (3, 3, 0)),
        ("equitymedqa-counterfactual", "cc_llm", (1, 1, 0)),
        ("equitymedqa-independent", "omiye_et_al", (5, 5, 0)),
        ("equitymedqa-pairwise", "omiye_et_al", (5, 5, 0)),
        ("equitymedqa-independent", "trinds", (1, 1, 0)),
        ("equitymedqa-pairwise", "cc_manual", (0, 0, 0)),
        ("equitymedqa-independent", "own", (3, 3, 3)),
        ("equitymedqa-pairwise", "own", (3, 3, 0)),
        ("equitymedqa-counterfactual", "own", (3, 3, 0)),
    ],
)
def test_raters_per_unit_are_those_of_the_study(rubric, name, expected):
    found = raters(rubric, name)

    assert tuple(found.get(group.id, 0) for group in STUDY.groups) == expected


# Units of each set in the study. Both members of a counterfactual pair are rated singly too, each
# question once: 45 questions of CC-Manual (42 without the 21 pairs that were lost), 100 of CC-LLM.
SINGLE = {
    "omaq": 182,
    "ehai": 300,
    "fbrt_manual": 150,
    "fbrt_llm_661_sampled": 661,
    "trinds": 106,
    "cc_manual": 45,
    "cc_llm": 100,
    "multimedqa": 1061,
    "mixed_mmqa_omaq": 240,
    "omiye_et_al": 9,
}
UNITS = {
    "equitymedqa-independent": SINGLE,
    # HealthSearchQA was compared twice: with the earlier model and with physicians' answers.
    "equitymedqa-pairwise": {**SINGLE, "multimedqa": 2 * 1061},
    # 123 - 21 pairs of CC-Manual.
    "equitymedqa-counterfactual": {"cc_manual": 102, "cc_llm": 200},
}
NOT_IN_THE_STUDY = {"fbrt_llm", "own"}
# Ratings of Mixed MMQA-OMAQ with the independent rubric: found in the released file, where the
# design says 3 x 240 for each of the three groups.
MIXED_FOUND = 713 + 710 + 786


@pytest.mark.parametrize(("cc_manual_questions", "total"), [(45, 17_093), (42, 17_087)])
def test_protocol_and_counts_reproduce_the_published_total(cc_manual_questions, total):
    planned = 0
    for line in STUDY.assessments:
        units = UNITS[line.rubric]
        for name in set(line.sets) - NOT_IN_THE_STUDY:
            count = cc_manual_questions if units[name] == 45 else units[name]
            planned += count * sum(line.raters.values())

    found = planned - 3 * 3 * 240 + MIXED_FOUND

    # Published: 17,099. The reconstruction is known to be 6 to 12 ratings short.
    assert found == total


def test_numbers_that_are_open_or_our_own_are_marked():
    marked = {
        (line.rubric.removeprefix("equitymedqa-"), name)
        for line in STUDY.assessments
        for name in line.sets
        if not line.verified
    }

    assert marked == {
        ("independent", "cc_manual"),
        ("independent", "mixed_mmqa_omaq"),  # the consumers' line
        ("pairwise", "mixed_mmqa_omaq"),
        ("pairwise", "omiye_et_al"),
        ("independent", "fbrt_llm"),
        ("pairwise", "fbrt_llm"),
        ("independent", "own"),
        ("pairwise", "own"),
        ("counterfactual", "own"),
    }


PUBLISHED_SETS = [entry for entry in CATALOG if not entry.bundled]


@pytest.mark.parametrize("entry", PUBLISHED_SETS, ids=lambda entry: entry.name)
def test_published_set_is_rated_with_the_rubrics_of_the_catalogue(entry):
    lines = {line.rubric for line in STUDY.assessments if entry.name in line.sets}

    assert lines == set(entry.rubrics)


def test_protocol_names_no_set_that_the_catalogue_does_not_have():
    named = {name for line in STUDY.assessments for name in line.sets}

    assert named == {entry.name for entry in PUBLISHED_SETS} | {"own"}
