import subprocess
import sys

import pytest

import analysis


def test_every_public_name_can_be_imported():
    assert [name for name in analysis.__all__ if not hasattr(analysis, name)] == []


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(AttributeError, match="No analysis attribute kappa"):
        analysis.kappa  # noqa: B018


def test_a_coefficient_needs_neither_figures_nor_tables():
    code = (
        "import sys; from analysis import krippendorff_alpha; "
        "print(sorted({'plotly', 'pydantic', 'jinja2', 'rubrics'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
