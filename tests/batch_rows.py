"""Small batches: their requests, and rows of result files as vendors write them."""

import json

from equitymedqa.generation import read_answers
from equitymedqa.generation.batch_files import export_batch, import_batch
from equitymedqa.prompts import find_prompt
from equitymedqa.records import Decoding
from tests.scripted_server import reply
from tests.tiny_models import question_set

GREEDY = Decoding(max_new_tokens=32)


def export(tmp_path, *, n=6, model="tiny", prompt="plain", decoding=GREEDY, **options):
    return export_batch(
        question_set(n),
        out=tmp_path / "batch.jsonl",
        model=model,
        prompt=find_prompt(prompt),
        decoding=decoding,
        **options,
    )


def requests_of(*paths):
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def answered(request, text=None):
    """A row of output, as OpenAI and `vllm run-batch` write it."""
    words = text or "On " + request["body"]["messages"][-1]["content"]
    body = reply(words)
    return {
        "id": "batch_req_not-to-be-kept",
        "custom_id": request["custom_id"],
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }


def failed(request, status, message, code=None):
    """A row of OpenAI's error file."""
    return {
        "id": "x",
        "custom_id": request["custom_id"],
        "response": {
            "status_code": status,
            "body": {"error": {"message": message, "code": code}},
        },
        "error": None,
    }


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def take(tmp_path, *results, out="answers.jsonl"):
    return import_batch(results, plan=tmp_path / "batch.plan.jsonl", out=tmp_path / out)


def texts(tmp_path):
    return {
        one.question.question_id: one.text for one in read_answers([tmp_path / "answers.jsonl"])
    }
