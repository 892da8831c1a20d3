"""The JSON schemas by which an editor completes and checks a rubric or protocol as one types.

They are made from the classes of `rubrics.schema`. `python -m rubrics.json_schema` writes them
beside the shipped files, whose first line names them.
"""

import json
from pathlib import Path
from typing import Any, Literal

from rubrics.items import Definition
from rubrics.loader import PROTOCOLS, RUBRICS
from rubrics.schema import Protocol, Rubric

FILES = {"rubric": RUBRICS / "rubric.schema.json", "protocol": PROTOCOLS / "protocol.schema.json"}
MODELS: dict[str, type[Definition]] = {"rubric": Rubric, "protocol": Protocol}


def json_schema(kind: Literal["rubric", "protocol"]) -> dict[str, Any]:
    """What a rubric or a protocol file may contain, as JSON schema of draft 2020-12."""
    schema = MODELS[kind].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def as_text(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_json_schema(kind: Literal["rubric", "protocol"]) -> Path:
    """Write the shipped schema of one kind, in step with the code."""
    FILES[kind].write_text(as_text(json_schema(kind)), encoding="utf-8")
    return FILES[kind]


if __name__ == "__main__":
    for path in (write_json_schema("rubric"), write_json_schema("protocol")):
        print(f"written: {path}")
