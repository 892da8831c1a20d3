#!/usr/bin/env bash
# Say where a Chromium is, getting one first if need be: on the PATH, else apt as root, else Playwright's own.
set -euo pipefail
cd "$(dirname "$0")/.."

find_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        # Ubuntu's chromium-browser can be a stub that only asks for snap, so it has to answer.
        if command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

own_chromium() {
    .venv/bin/python -c 'import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = pathlib.Path(playwright.chromium.executable_path)
print(path)
sys.exit(not path.exists())' 2>/dev/null
}

if find_chromium >.venv/chromium-path || own_chromium >.venv/chromium-path; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium with apt for the browser tests ..."
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 || true
    if find_chromium >.venv/chromium-path; then exit 0; fi
fi

echo "Installing Playwright's own Chromium for the browser tests ..."
.venv/bin/playwright install chromium >/dev/null 2>&1 || true
if own_chromium >.venv/chromium-path; then exit 0; fi

rm -f .venv/chromium-path
echo "make test needs a Chromium and none can be had here. Install one, for example: sudo apt-get install chromium" >&2
exit 1
