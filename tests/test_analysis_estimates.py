from dataclasses import FrozenInstanceError

import pandas as pd
import pytest

from analysis import Estimate, Interval

WITH = Estimate("rate", 0.25, Interval(0.1, 0.5, method="Wilson"), 8, 2, 16)
WITHOUT = Estimate("rate", 0.0, None, 8, 2, 16, refusal="all ratings are the same")


def test_estimate_is_its_value_where_a_number_is_needed():
    assert float(WITH) == 0.25


def test_frame_has_the_interval_in_columns_of_its_own():
    frame = WITH.to_frame()

    columns = ["statistic", "value", "low", "high", "method", "n_ratings"]
    assert frame.loc[0, columns].tolist() == ["rate", 0.25, 0.1, 0.5, "Wilson", 16]


def test_frames_with_and_without_interval_stack():
    stacked = pd.concat([WITH.to_frame(), WITHOUT.to_frame()], ignore_index=True)

    assert stacked["low"].isna().tolist() == [False, True]
    assert stacked["refusal"].tolist()[1] == "all ratings are the same"


def test_estimate_cannot_be_changed():
    with pytest.raises(FrozenInstanceError, match="value"):
        WITH.value = 0.3
