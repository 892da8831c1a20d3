"""Answer prompts with llama.cpp and print what it took, as a line of JSON.

It runs in the peer's own environment: `python answer.py MODEL.gguf PROMPTS.json ROWS TOKENS`. Many
sequences in one context, a waiting prompt taking the place of each that ends, as llama.cpp's own
server does it; its Python classes know one sequence only, so that the C interface is called.
"""

import ctypes
import json
import os
import resource
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import llama_cpp as llama
import numpy as np

PREFILL_TOKENS = 2048
"""Most tokens that go into one call."""


@dataclass
class Sequence:
    """One prompt on its way."""

    waiting: list[int]
    """Tokens that the model has not seen."""

    seen: int = 0
    written: list[int] = field(default_factory=list)


class Context:
    """A model with room for so many sequences."""

    def __init__(self, gguf: str, *, rows: int, n_tokens: int) -> None:
        llama.llama_backend_init()
        self.model = llama.llama_model_load_from_file(
            gguf.encode(), llama.llama_model_default_params()
        )
        settings = llama.llama_context_default_params()
        settings.n_ctx = rows * n_tokens
        settings.n_seq_max = rows
        settings.n_batch = settings.n_ubatch = PREFILL_TOKENS
        settings.kv_unified = True
        settings.n_threads = settings.n_threads_batch = len(os.sched_getaffinity(0))
        self.context = llama.llama_init_from_model(self.model, settings)
        vocabulary = llama.llama_model_get_vocab(self.model)
        self.n_vocabulary = llama.llama_vocab_n_tokens(vocabulary)
        self.ends = lambda token: llama.llama_vocab_is_eog(vocabulary, token)
        self.batch = llama.llama_batch_init(PREFILL_TOKENS, 0, 1)

    def step(self, sequences: dict[int, Sequence]) -> dict[int, int]:
        """Show each sequence its waiting tokens, as many as fit; give the next ones by row."""
        last: dict[int, int] = {}
        batch: Any = self.batch
        batch.n_tokens = 0
        for row, sequence in sequences.items():
            if batch.n_tokens + len(sequence.waiting) > PREFILL_TOKENS:
                continue
            for token in sequence.waiting:
                place = batch.n_tokens
                batch.token[place], batch.pos[place] = token, sequence.seen
                batch.n_seq_id[place], batch.seq_id[place][0] = 1, row
                batch.logits[place] = 0
                sequence.seen += 1
                batch.n_tokens += 1
            batch.logits[batch.n_tokens - 1] = 1
            last[row] = batch.n_tokens - 1
            sequence.waiting = []
        if llama.llama_decode(self.context, batch):
            raise RuntimeError("llama.cpp could not decode a batch")
        return {row: self._likeliest(place) for row, place in last.items()}

    def forget(self, row: int) -> None:
        """Make room for another sequence."""
        llama.llama_memory_seq_rm(llama.llama_get_memory(self.context), row, -1, -1)

    def _likeliest(self, place: int) -> int:
        logits = llama.llama_get_logits_ith(self.context, place)
        values = np.ctypeslib.as_array(
            ctypes.cast(logits, ctypes.POINTER(ctypes.c_float)), (self.n_vocabulary,)
        )
        return int(values.argmax())


def answer(context: Context, prompts: list[list[int]], *, rows: int, most: int) -> int:
    """Answer all prompts; give the number of tokens written."""
    queue, running, n_written = deque(prompts), {}, 0
    while queue or running:
        for row in range(rows):
            if row not in running and queue:
                running[row] = Sequence(queue.popleft())
        for row, token in context.step(running).items():
            sequence = running[row]
            sequence.written.append(token)
            sequence.waiting = [token]
            if context.ends(token) or len(sequence.written) == most:
                n_written += len(sequence.written)
                context.forget(row)
                del running[row]
    return n_written


def main() -> None:
    """Measure what the arguments say."""
    gguf, prompts_file, rows, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    prompts = json.loads(Path(prompts_file).read_text())
    n_tokens = max(map(len, prompts)) + most
    context = Context(gguf, rows=rows, n_tokens=n_tokens)
    start = perf_counter()
    n_written = answer(context, prompts, rows=rows, most=most)
    seconds = perf_counter() - start
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"tokens": n_written, "seconds": seconds, "mib": mib}))


main()
