"""Answers per second on a CPU, beside what one would write or pick instead.

The same questions, the embedded 135M model in float32, greedy: a loop over transformers' pipeline,
`generate` on batches of eight in file order, and ours at batch 32 with all that it keeps. Beside
them llama.cpp with the same model as it is shipped, in 4 bits, at 32 sequences. Each runs in a
process of its own with the model loaded before the clock starts, in turns; the median counts.

    python -m benchmarks.generation                    # 64 questions, about a quarter of an hour
    python -m benchmarks.generation --turns 1          # a third of it
    python -m benchmarks.generation --questions FILE   # one's own, a CSV with a column `question`

On a GPU: `python -m benchmarks.generation_gpu`.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.peers.environment import peers_python
from equitymedqa.generation import prepare_engine
from equitymedqa.generation.local.embedded import find_gguf
from equitymedqa.prompts import find_prompt
from equitymedqa.records import QuestionRecord

HERE = Path(__file__).parent
PUBLISHED = HERE.parents[1] / "shared/data/equitymedqa/equitymedqa_unlabelled_verbatim_extract.csv"
SAMPLE = HERE.parent / "equitymedqa/sample/sample_adversarial.csv"
N_QUESTIONS = 64
ROWS = 32
NAMES = {
    "pipeline": "loop over pipeline",
    "plain": "generate, batches of 8",
    "ours": "equitymedqa, batches of 32",
    "llama": "llama.cpp, 4 bits, 32 sequences",
}

Figures = dict[str, float]


def main() -> None:
    """Measure every way in turns and print them side by side."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--questions", type=Path)
    options.add_argument("--turns", type=int, default=3, help="how often each is measured")
    options.add_argument("--tokens", type=int, default=64, help="most tokens of an answer")
    options.add_argument("--ways", default=",".join(NAMES), help="which of them")
    asked = options.parse_args()

    texts = question_texts(asked.questions)[:N_QUESTIONS]
    ways = asked.ways.split(",")
    turns: dict[str, list[Figures]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(texts, folder)
        for _ in range(asked.turns):
            for way in ways:
                turns[way].append(measure(way, folder, asked.tokens))
                print(NAMES[way], turns[way][-1], file=sys.stderr, flush=True)
    show(turns, n_questions=len(texts), tokens=asked.tokens)


def question_texts(path: Path | None) -> list[str]:
    """Texts of a file; by default those of EquityMedQA where they are, else our own."""
    path = path or (PUBLISHED if PUBLISHED.is_file() else SAMPLE)
    print(f"questions of {path.name}")
    table = pd.read_csv(path)
    column = "question" if "question" in table else "question_text"
    return list(dict.fromkeys(table[column].astype(str)))


def write_inputs(texts: list[str], folder: Path) -> None:
    """Write the questions, and as token ids, so that all ways read the very same prompts."""
    (folder / "questions.json").write_text(json.dumps(texts))
    writer = prepare_engine().prompt_writer(find_prompt("plain"))
    prompts = [
        writer.write(QuestionRecord(question_id="q", dataset="bench", text=text)).ids
        for text in texts
    ]
    (folder / "prompts.json").write_text(json.dumps(prompts))


def measure(way: str, folder: Path, tokens: int) -> Figures:
    """One way, once, in a process of its own."""
    if way == "llama":
        script = [str(peers_python("llama")), str(HERE / "peers/answer.py"), str(find_gguf())]
        words = [*script, str(folder / "prompts.json"), str(ROWS), str(tokens)]
    else:
        script = [sys.executable, "-m", "benchmarks.answering.ways", way]
        words = [*script, str(folder / "questions.json"), str(tokens)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=HERE.parent)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def show(turns: dict[str, list[Figures]], *, n_questions: int, tokens: int) -> None:
    """Print the medians, and how many times the loop each is."""
    rates = {
        way: median(one["tokens"] / one["seconds"] for one in runs) for way, runs in turns.items()
    }
    table = Table(title=f"{n_questions} questions, at most {tokens} tokens, {platform.machine()}")
    for heading in ("way", "tokens/s", "x loop", "seconds", "MiB"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for way, runs in turns.items():
        table.add_row(
            NAMES[way],
            f"{rates[way]:.0f}",
            f"{rates[way] / rates['pipeline']:.1f}" if "pipeline" in rates else "",
            f"{median(one['seconds'] for one in runs):.1f}",
            f"{median(one['mib'] for one in runs):.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
