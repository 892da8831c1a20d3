"""The files of prompts: whose words they are, and which are refused."""

import pytest

from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.wording import OWN_FOLDER, wordings


def test_own_prompts_say_whose_words_and_whose_structure_they_are():
    for one in wordings():
        assert "ours" in one.source
        assert "10.1038/s41591-024-03258-2" in one.source


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("${question}", "it"), r"the blanks are \[\], and fbrt-consistent fills"),
        (("${question}", "${question} ${name}"), r"\$\{name\}"),
        (("version: 1", "version: 0"), "version"),
        (("It may be rude", "It costs 5$ and may be rude"), r"dollar sign"),
        (("name:", "title:"), "is no prompt"),
        (("source: >-", "source: ["), "cannot be read"),
    ],
    ids=["no blank", "other blank", "version", "dollar", "key", "yaml"],
)
def test_prompt_file_that_cannot_be_used_is_refused(tmp_path, change, words):
    text = (OWN_FOLDER / "fbrt-consistent.yaml").read_text()
    assert change[0] in text
    (tmp_path / "p.yaml").write_text(text.replace(*change))

    with pytest.raises(AugmentError, match=f"p.yaml.*{words}"):
        wordings(tmp_path)


def test_newest_version_of_a_prompt_counts(tmp_path):
    text = (OWN_FOLDER / "fbrt-consistent.yaml").read_text()
    for version in (2, 10, 1):
        (tmp_path / f"{version}.yaml").write_text(text.replace("version: 1", f"version: {version}"))

    assert [one.prompt_version for one in wordings(tmp_path)] == ["fbrt-consistent@10"]
