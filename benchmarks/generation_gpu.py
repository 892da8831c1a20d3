"""Tokens per second on a GPU against what its memory can carry, beside plain batches of eight.

A model of random weights in the shape of Gemma 3 4B: speed does not depend on what the weights
are, and no licence has to be accepted. Each step of decoding reads all weights and each row's
cache once, so that no engine can be faster than the measured bandwidth allows: the roofline.

    python -m benchmarks.generation_gpu                         # on CUDA, about ten minutes
    python -m benchmarks.generation_gpu --device cpu --shape tiny   # whether the script works

Not measured yet: no GPU was at hand when this was written, and the documentation says so.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer, models
from transformers import AutoModelForCausalLM, Gemma3TextConfig, PreTrainedTokenizerFast

from equitymedqa.generation import prepare_engine
from equitymedqa.generation.engine import Engine, RenderedPrompt, Request
from equitymedqa.records import Decoding

SHAPES: dict[str, dict[str, int]] = {
    "gemma-3-4b": {
        "vocab_size": 262_208,
        "hidden_size": 2_560,
        "intermediate_size": 10_240,
        "num_hidden_layers": 34,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "sliding_window": 1_024,
        "max_position_embeddings": 8_192,
    },
    "tiny": {
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "sliding_window": 32,
        "max_position_embeddings": 2_048,
    },
}
COPIED_BYTES = {"cuda": 8 * 2**30, "cpu": 2**28}


@dataclass(frozen=True)
class Load:
    """What is asked."""

    rows: int
    prompt_tokens: int
    new_tokens: int


@dataclass(frozen=True)
class Machine:
    """What decides the roofline."""

    bandwidth: float
    """Bytes a second."""

    weight_bytes: int
    cache_bytes: float
    """Of one token of one row."""

    def roofline(self, load: Load) -> float:
        """Tokens a second that no engine can exceed, the cache at its mean length."""
        context = load.prompt_tokens + load.new_tokens / 2
        step = self.weight_bytes + load.rows * context * self.cache_bytes
        return load.rows * self.bandwidth / step


def main() -> None:
    """Measure each batch size in each way, and print them beside the roofline."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--device", default="cuda")
    options.add_argument("--shape", choices=SHAPES, default="gemma-3-4b")
    options.add_argument("--batches", default="1,64,256")
    options.add_argument("--new-tokens", type=int, default=256)
    asked = options.parse_args()
    if asked.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("torch sees no CUDA device here: nothing was measured")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / asked.shape
        save_random_model(folder, SHAPES[asked.shape], device=asked.device)
        machine = machine_of(folder, SHAPES[asked.shape], device=asked.device)
        rows = [int(one) for one in asked.batches.split(",")]
        loads = [Load(one, 244, asked.new_tokens) for one in rows]
        measured = {
            "equitymedqa, dynamic": in_engine(folder, loads, device=asked.device, decode="dynamic"),
            "equitymedqa, static": in_engine(folder, loads, device=asked.device, decode="static"),
            "generate, batches of 8": in_plain_batches(folder, loads, device=asked.device),
        }
    show(measured, loads, machine)


def save_random_model(folder: Path, shape: dict[str, int], *, device: str) -> None:
    """Save a checkpoint of random bfloat16 weights with a tokenizer of three words."""
    words = {"<bos>": 0, "<eos>": 1, "<unk>": 2}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<unk>")),
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
    )
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(
            Gemma3TextConfig(**shape, bos_token_id=0, eos_token_id=1, pad_token_id=1),
            dtype=torch.bfloat16,
        )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def machine_of(folder: Path, shape: dict[str, int], *, device: str) -> Machine:
    """Measure the bandwidth, and add up what a step reads."""
    each_layer = 2 * shape["num_key_value_heads"] * shape["head_dim"] * 2
    return Machine(
        bandwidth=measured_bandwidth(device),
        weight_bytes=sum(file.stat().st_size for file in folder.glob("*.safetensors")),
        cache_bytes=shape["num_hidden_layers"] * each_layer,
    )


def measured_bandwidth(device: str) -> float:
    """Bytes a second of a copy on the device, each byte read once and written once."""
    n_bytes = COPIED_BYTES[torch.device(device).type]
    source = torch.ones(n_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    seconds = min(timed(target.copy_, source, device=device)[0] for _ in range(5))
    return 2 * n_bytes / seconds


def timed(work: Callable[..., Any], *arguments: Any, device: str) -> tuple[float, Any]:
    """Seconds, with all that was sent to the device finished, and what the work gave."""
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    wait()
    start = perf_counter()
    given = work(*arguments)
    wait()
    return perf_counter() - start, given


def in_engine(folder: Path, loads: list[Load], *, device: str, decode: str) -> list[float]:
    """Tokens a second of our engine, the second time: the first compiles and warms up."""
    engine = prepare_engine(str(folder), device=device, dtype="bfloat16", decode=decode)
    engine.load_weights()
    rates = []
    for load in loads:
        answer(engine, load)
        seconds, n_tokens = timed(answer, engine, load, device=device)
        rates.append(n_tokens / seconds)
    return rates


def answer(engine: Engine, load: Load) -> int:
    """Answer one batch; give the number of tokens that were written."""
    requests = [
        Request(str(row), RenderedPrompt(str(row), ids=prompt, n_tokens=len(prompt)), row)
        for row, prompt in enumerate(random_prompts(load))
    ]
    decoding = Decoding(max_new_tokens=load.new_tokens)
    batches = engine.batches(requests, decoding=decoding, size=load.rows)
    keys = {one.key for one in requests}
    groups = engine.answers(batches, wanted=keys, decoding=decoding, on_tokens=lambda _: None)
    return sum(one.completion.n_output_tokens for group in groups for one in group)


def random_prompts(load: Load) -> list[list[int]]:
    """Token ids without a meaning, of equal length."""
    generator = random.Random(0)
    return [
        [generator.randrange(3, 500) for _ in range(load.prompt_tokens)] for _ in range(load.rows)
    ]


def in_plain_batches(folder: Path, loads: list[Load], *, device: str) -> list[float]:
    """Tokens a second of `generate` on batches of eight, one after the other."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).to(device).eval()

    def work(load: Load) -> None:
        prompts = random_prompts(load)
        for start in range(0, len(prompts), 8):
            ids = torch.tensor(prompts[start : start + 8], device=device)
            with torch.inference_mode():
                model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    max_new_tokens=load.new_tokens,
                    min_new_tokens=load.new_tokens,
                    do_sample=False,
                )

    rates = []
    for load in loads:
        work(Load(min(load.rows, 8), load.prompt_tokens, 8))
        seconds, _ = timed(work, load, device=device)
        rates.append(load.rows * load.new_tokens / seconds)
    return rates


def show(measured: dict[str, list[float]], loads: list[Load], machine: Machine) -> None:
    """Print tokens a second, and which share of the roofline they are."""
    table = Table(title=f"{machine.bandwidth / 1e9:.0f} GB/s measured, bfloat16, prompts included")
    table.add_column("way")
    for load in loads:
        table.add_column(f"batch {load.rows}", justify="right")
    roofs = [machine.roofline(load) for load in loads]
    table.add_row("roofline", *(f"{roof:,.0f}" for roof in roofs))
    for way, rates in measured.items():
        cells = [
            f"{rate:,.0f} ({rate / roof:.0%})" for rate, roof in zip(rates, roofs, strict=True)
        ]
        table.add_row(way, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
