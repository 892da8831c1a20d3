"""Every number of the works that this package is held against, to the tolerance given."""

from functools import cache

import pandas as pd
import pytest

from tests.published_statistics import PUBLISHED, STATISTICS

COLUMNS = {"parameters": "str", "quantity": "str"}
VALUES = {
    path.stem: pd.read_csv(path, comment="#", dtype=COLUMNS, keep_default_na=False)
    for path in sorted((PUBLISHED / "values").glob("*.csv"))
}
ROWS = [
    pytest.param(case, *row, id="-".join(filter(None, [case, *row[:3]])))
    for case, frame in VALUES.items()
    for row in frame.itertuples(index=False, name=None)
]


@cache
def computed(case, statistic, parameters):
    given = dict(pair.split("=") for pair in parameters.split(";") if pair)
    return STATISTICS[statistic](case, **given)


@pytest.mark.parametrize(
    ("case", "statistic", "parameters", "quantity", "value", "tolerance"), ROWS
)
def test_published_number_is_reproduced(case, statistic, parameters, quantity, value, tolerance):
    ours = computed(case, statistic, parameters)

    assert float(ours[quantity] if quantity else ours) == pytest.approx(value, abs=tolerance)


def test_every_file_of_values_and_every_table_begins_with_its_citation():
    files = [*PUBLISHED.glob("*.csv"), *(PUBLISHED / "values").glob("*.csv")]

    assert len(files) > 20
    assert [file.name for file in files if not file.read_text().startswith("# ")] == []


def test_no_function_is_kept_for_a_number_that_nothing_publishes():
    published = {statistic for frame in VALUES.values() for statistic in frame["statistic"]}

    assert sorted(set(STATISTICS) - published) == []
