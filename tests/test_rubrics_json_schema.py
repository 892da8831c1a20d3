"""The JSON schemas for editors: in step with the code, and fit for the shipped files."""

import json

import jsonschema
import pytest
import yaml

from rubrics.json_schema import FILES, as_text, json_schema
from rubrics.loader import PROTOCOLS, RUBRICS

SHIPPED = sorted([*RUBRICS.glob("*.yaml"), *PROTOCOLS.glob("*.yaml")])


@pytest.mark.parametrize("kind", ["rubric", "protocol"])
def test_shipped_json_schema_is_in_step_with_the_code(kind):
    shipped = FILES[kind].read_text(encoding="utf-8")

    assert shipped == as_text(json_schema(kind)), "run: python -m rubrics.json_schema"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_file_names_a_schema_that_it_fits(path):
    text = path.read_text(encoding="utf-8")
    comment, name = text.split("\n", 1)[0].split("$schema=")

    assert comment == "# yaml-language-server: "
    schema = json.loads((path.parent / name).read_text(encoding="utf-8"))
    jsonschema.validate(yaml.safe_load(text), schema)


def test_json_schema_refuses_an_unknown_key():
    said = yaml.safe_load((RUBRICS / "equitymedqa-pairwise.yaml").read_text(encoding="utf-8"))

    with pytest.raises(jsonschema.ValidationError, match="'titel' was unexpected"):
        jsonschema.validate({**said, "titel": "x"}, json_schema("rubric"))
