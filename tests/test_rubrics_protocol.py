"""What a protocol may say, and which contradictions are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from rubrics import Protocol

GROUP = {"id": "nurse", "label": "Nurse", "released_as": "Nurse"}
LINE = {"rubric": "own", "sets": ["omaq"], "raters": {"nurse": 1}}


def protocol(**changes: Any) -> dict[str, Any]:
    """A sound protocol with these keys changed."""
    return {
        "id": "own",
        "version": "1",
        "title": "Own",
        "source": "Ours",
        "groups": [{"id": "nurse", "label": "Nurse", "released_as": "Nurse"}],
        "assessments": [{"rubric": "own", "sets": ["own"], "raters": {"nurse": 3}}],
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": [GROUP, GROUP]}, r"groups\[1\].id: 'nurse' is the id of an earlier group"),
        (
            {"assessments": [{**LINE, "raters": {"doctor": 1}}]},
            r"assessments\[0\].raters.doctor: 'doctor' is not among the groups \['nurse'\]",
        ),
        ({"assessments": [{**LINE, "raters": {"nurse": 0}}]}, "greater than 0"),
        (
            {"assessments": [LINE, LINE]},
            r"assessments\[1\].sets\[0\]: raters of 'omaq' by 'nurse' with 'own' were given before",
        ),
        ({"assessments": [{**LINE, "sets": ["omaq", "omaq"]}]}, r"assessments\[0\].sets\[1\]"),
    ],
)
def test_protocol_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Protocol.model_validate(protocol(**changes))


def test_one_set_may_have_one_line_for_each_group():
    groups = [GROUP, {**GROUP, "id": "doctor"}]
    lines = [LINE, {**LINE, "raters": {"doctor": 3}}]

    assert len(Protocol.model_validate(protocol(groups=groups, assessments=lines)).assessments) == 2
