#!/usr/bin/env bash
# Write down where a Chromium is, getting one first if need be: on the PATH, else apt as root, else
# Playwright's own. Fails with a clear line where none can be had.
set -euo pipefail
cd "$(dirname "$0")/.."
export DEBIAN_FRONTEND=noninteractive
found=.venv/chromium-path

# Whatever is found has to answer: Ubuntu's chromium-browser can be a stub that only asks for snap,
# and a downloaded Chromium can lack the libraries that it needs.
answers() { [ -n "$1" ] && "$1" --version >/dev/null 2>&1; }

on_the_path() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        path=$(command -v "$name" || true)
        if answers "$path"; then echo "$path" >"$found"; return 0; fi
    done
    return 1
}

of_playwright() {
    path=$(.venv/bin/python -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)' 2>/dev/null || true)
    if answers "$path"; then echo "$path" >"$found"; return 0; fi
    return 1
}

if on_the_path || of_playwright; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium with apt for the browser tests ..."
    apt-get update -qq >/dev/null 2>&1 || true
    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null 2>&1 || true
    if on_the_path; then exit 0; fi
fi

echo "Installing Playwright's own Chromium for the browser tests ..."
libraries=$([ "$(id -u)" = 0 ] && echo --with-deps || true)
log=$(mktemp)
.venv/bin/playwright install $libraries chromium >"$log" 2>&1 || true
if of_playwright; then exit 0; fi

rm -f "$found"
tail -n 5 "$log" >&2
echo "make test needs a Chromium and none can be had here. Install one, for example: sudo apt-get install chromium" >&2
exit 1
