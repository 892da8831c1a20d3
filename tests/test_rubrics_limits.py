"""What a protocol may say about repetition and about one day's work."""

import pytest
from pydantic import ValidationError

from rubrics import load_protocol
from rubrics.conduct import Limits


def test_shipped_protocol_keeps_questions_apart_where_a_group_is_large_enough() -> None:
    assert load_protocol("equitymedqa").limits == Limits(same_question="once_if_raters_suffice")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"per_day": 0}, "greater than 0"),
        ({"per_day": True}, "valid integer"),
        ({"same_question": "never"}, "once_per_rubric"),
        ({"per_week": 5}, "Extra inputs are not permitted"),
    ],
)
def test_limit_that_means_nothing_is_refused(said: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Limits.model_validate(said)
