"""Jobs of a few questions for a server that a test scripts."""

from equitymedqa.generation import generate_answers, read_answers
from equitymedqa.generation.inspection import inspect_answers
from equitymedqa.generation.served import Limits, connect
from equitymedqa.records import Decoding
from tests.tiny_models import question_set

QUICK = Limits(concurrency=4, attempts=3, backoff_s=0.01, timeout_s=10)


def answers_of(server, tmp_path, *, n=3, questions=None, prompt="plain", out="a.jsonl", **options):
    decoding = Decoding(
        **{
            name: options.pop(name)
            for name in ("temperature", "top_p", "top_k", "reasoning")
            if name in options
        },
        max_new_tokens=options.pop("max_new_tokens", 32),
    )
    job = {name: options.pop(name) for name in ("n_answers", "seed", "system") if name in options}
    generate_answers(
        questions or question_set(n),
        out=tmp_path / out,
        model=connect(server.address, **{"limits": QUICK, **options}),
        prompt=prompt,
        decoding=decoding,
        **job,
    )
    return read_answers([tmp_path / out])


def run(server, tmp_path, *, n=6, limits=QUICK, temperature=0.0, **options):
    return generate_answers(
        question_set(n),
        out=tmp_path / "a.jsonl",
        model=connect(server.address, limits=limits, **options),
        decoding=Decoding(max_new_tokens=32, temperature=temperature),
    )


def written(tmp_path):
    return read_answers([tmp_path / "a.jsonl"])


def problems(tmp_path):
    found = inspect_answers(tmp_path / "a.jsonl").problems
    return {(one.kind, one.detail) for one in found}
