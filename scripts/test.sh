#!/usr/bin/env bash
# Run the tests: first those that share nothing, in parallel; then, one at a time, those that drive
# a browser or run the real model, which want both cores for themselves.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then exec .venv/bin/pytest "$@"; fi
OMP_NUM_THREADS=1 .venv/bin/pytest -n 2 -m "not browser and not model"
.venv/bin/pytest -m "browser or model"
