"""The catalogue of question sets: names, facts, and where files lie."""

from pathlib import Path

import pytest

from equitymedqa.catalog import (
    CATALOG,
    UnknownSetError,
    find_set,
    match_set,
    near_miss,
    set_of_file,
)

# Table 2 of Pfohl et al. (2024) and the file list of the release; pairs are counted as pairs.
PUBLISHED = {
    "omaq": (182, "questions", "equitymedqa_omaq.csv"),
    "ehai": (300, "questions", "equitymedqa_ehai.csv"),
    "fbrt_manual": (150, "questions", "equitymedqa_fbrt_manual.csv"),
    "fbrt_llm": (3558, "questions", "equitymedqa_fbrt_llm.csv"),
    "fbrt_llm_661_sampled": (661, "questions", "equitymedqa_fbrt_llm_661_sampled.csv"),
    "trinds": (106, "questions", "equitymedqa_trinds.csv"),
    "cc_manual": (123, "pairs", "equitymedqa_cc_manual.csv"),
    "cc_llm": (200, "pairs", "equitymedqa_cc_llm.csv"),
    "mixed_mmqa_omaq": (240, "questions", "other_datasets_mixed_mmqa_omaq.csv"),
    "multimedqa": (1061, "questions", "other_datasets_multimedqa.csv"),
    "omiye_et_al": (9, "questions", "other_datasets_omiye_et_al.csv"),
}


def test_catalogue_holds_every_published_set_and_no_other():
    published = {
        entry.name: (entry.counts[0].rows, entry.shape, entry.file)
        for entry in CATALOG
        if not entry.bundled
    }

    assert published == PUBLISHED


def test_seven_sets_of_equitymedqa_sum_to_the_published_total():
    names = ["omaq", "ehai", "fbrt_manual", "fbrt_llm", "trinds", "cc_manual", "cc_llm"]

    # Pfohl et al. (2024) count 4,619 examples in EquityMedQA.
    assert sum(find_set(name).counts[0].rows for name in names) == 4619


def test_count_found_in_no_primary_source_is_marked_unverified():
    unverified = [
        (entry.name, count.rows)
        for entry in CATALOG
        for count in entry.counts
        if not count.verified
    ]

    assert unverified == [("fbrt_llm", 3607)]


def test_pair_sets_are_judged_with_the_counterfactual_rubric_and_never_pairwise():
    for entry in CATALOG:
        assert ("equitymedqa-counterfactual" in entry.rubrics) == (entry.shape == "pairs")
        assert ("equitymedqa-pairwise" in entry.rubrics) == (entry.shape == "questions")


@pytest.mark.parametrize("name", ["omaq", "OMAQ", "Open-ended Medical Adversarial Queries (OMAQ)"])
def test_set_is_found_by_name_title_or_published_name(name):
    assert find_set(name).name == "omaq"


def test_hyphens_and_capitals_in_a_name_do_not_matter():
    assert find_set("FBRT-LLM-661-sampled").name == "fbrt_llm_661_sampled"


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownSetError, match=r"no set 'trindz'. Did you mean 'trinds'\?"):
        find_set("trindz")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("omaqq", "omaq"), ("trindz", "trinds"), ("cc-manul", "cc_manual"), ("FBRT LM", "fbrt_llm")],
)
def test_near_miss_tells_the_set_that_is_probably_meant(name, meant):
    assert near_miss(name) == meant


@pytest.mark.parametrize("name", ["omaq", "OMAQ", "HealthSearchQA", "own", "my questions", "twins"])
def test_name_of_a_set_or_far_from_all_is_no_near_miss(name):
    assert near_miss(name) is None


def test_name_of_ones_own_set_matches_nothing():
    assert match_set("my questions") is None


def test_released_file_name_tells_the_set():
    entry = set_of_file(Path("anywhere/other_datasets_multimedqa.csv"))

    assert entry is not None
    assert entry.name == "multimedqa"


def test_published_file_is_looked_for_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUITYMEDQA_DATA", str(tmp_path))

    assert find_set("omaq").path() == tmp_path / "equitymedqa_omaq.csv"


def test_published_file_is_looked_for_in_the_cache_without_an_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("EQUITYMEDQA_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    expected = tmp_path / ".cache" / "equitymedqa" / "equitymedqa_omaq.csv"
    assert find_set("omaq").path() == expected


def test_own_sample_is_found_whatever_the_folder(tmp_path):
    assert find_set("sample_adversarial").path(tmp_path).exists()
