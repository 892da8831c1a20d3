#!/usr/bin/env bash
# Run the tests: first those that share nothing, in parallel; then those that drive a browser, one at a time.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then exec .venv/bin/pytest "$@"; fi
.venv/bin/pytest -n 2 --dist loadgroup -m "not browser"
.venv/bin/pytest -m browser
