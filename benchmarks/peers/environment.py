"""Environments of their own for the packages that we are measured beside."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".venv-peers"
BUILDS = {
    # Left to itself it takes all that the processor names; AMX crashes in some virtual machines.
    "llama": {
        "CMAKE_ARGS": "-DGGML_NATIVE=OFF -DGGML_AVX512=ON -DGGML_AVX512_VBMI=ON "
        "-DGGML_AVX512_VNNI=ON -DGGML_AVX512_BF16=ON"
    }
}
"""What the building of a group's packages from source is told."""


def peers_python(group: str = "statistics") -> Path:
    """Give the interpreter of one group of peers; install them the first time.

    Parameters
    ----------
    group
        `statistics`, `potato` or `llama`: the name of a file of requirements beside this one.
    """
    folder = FOLDER / group
    python, installed = folder / "bin" / "python", folder / ".installed"
    requirements = HERE / f"{group}.txt"
    wanted = requirements.read_text()
    if not installed.is_file() or installed.read_text() != wanted:
        print("installing what we are measured beside (once) ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "-r", requirements]
        subprocess.run(install, check=True, env=os.environ | BUILDS.get(group, {}))
        installed.write_text(wanted)
    return python


def measured(peer: str, ratings: Path, n_measured: int) -> dict[str, float]:
    """Run one peer in a process of its own: `value`, `seconds` of one resample, and `mib`."""
    words = [peers_python(), "-W", "ignore", HERE / "measure.py", peer, ratings, str(n_measured)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    numbers: dict[str, float] = json.loads(done.stdout)
    return numbers
