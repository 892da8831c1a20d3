"""Answer questions in one way and print what it took, as a line of JSON.

`python -m benchmarks.answering.ways WAY QUESTIONS.json TOKENS`, with one of `WAYS`. The model is
loaded before the clock starts.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.memory import peak_mib
from equitymedqa.generation import generate_answers, prepare_engine
from equitymedqa.generation.local.embedded import embedded_checkpoint
from equitymedqa.records import Decoding, QuestionRecord, QuestionSet

Answer = Callable[[list[str]], int]
"""Answers texts and gives the number of tokens that were written."""


def pipeline_loop(most: int) -> Answer:
    """One question after the other through transformers' pipeline, as its front page shows."""
    from transformers import pipeline

    pipe = pipeline("text-generation", model=str(embedded_checkpoint(print)))

    def answer(texts: list[str]) -> int:
        n_tokens = 0
        for text in texts:
            [made] = pipe(
                [{"role": "user", "content": text}],
                max_new_tokens=most,
                do_sample=False,
                return_full_text=False,
            )
            n_tokens += len(pipe.tokenizer(made["generated_text"])["input_ids"]) + 1
        return n_tokens

    return answer


def plain_batches(most: int, *, rows: int = 8) -> Answer:
    """`generate` on batches of eight in the order of the file."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = embedded_checkpoint(print)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")

    def answer(texts: list[str]) -> int:
        n_tokens = 0
        for start in range(0, len(texts), rows):
            asked = [[{"role": "user", "content": text}] for text in texts[start : start + rows]]
            inputs: Any = tokenizer.apply_chat_template(
                asked,
                add_generation_prompt=True,
                padding=True,
                return_dict=True,
                return_tensors="pt",
            )
            with torch.inference_mode():
                output = model.generate(**inputs, max_new_tokens=most, do_sample=False)
            for row in output[:, inputs["input_ids"].shape[1] :].tolist():
                ends = [place for place, one in enumerate(row) if one == tokenizer.eos_token_id]
                n_tokens += ends[0] + 1 if ends else len(row)
        return n_tokens

    return answer


def ours(most: int) -> Answer:
    """`generate_answers`, its plan, its records and its durable file included."""
    engine = prepare_engine()
    engine.load_weights()

    def answer(texts: list[str]) -> int:
        questions = [
            QuestionRecord(question_id=f"q{number}", dataset="bench", text=text)
            for number, text in enumerate(texts)
        ]
        with tempfile.TemporaryDirectory() as folder:
            summary = generate_answers(
                QuestionSet("bench", questions, []),
                out=Path(folder) / "answers.jsonl",
                model=engine,
                decoding=Decoding(max_new_tokens=most),
                batch_size=32,
            )
        return summary.n_output_tokens

    return answer


WAYS: dict[str, Callable[[int], Answer]] = {
    "pipeline": pipeline_loop,
    "plain": plain_batches,
    "ours": ours,
}


def main() -> None:
    """Measure what the arguments say."""
    way, questions, most = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    texts = json.loads(questions.read_text())
    answer = WAYS[way](most)
    start = perf_counter()
    n_tokens = answer(texts)
    seconds = perf_counter() - start
    print(json.dumps({"tokens": n_tokens, "seconds": seconds, "mib": peak_mib()}))


if __name__ == "__main__":
    main()
