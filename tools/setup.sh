#!/bin/sh
# Builds .venv from uv.lock. Needs only python3 (3.11 or newer) and a package index.
# usage: tools/setup.sh demo | dev
set -eu
cd "$(dirname "$0")/.."
kind=${1:-demo}
stamp=.venv/.ready-$kind
if [ -e "$stamp" ] && [ "$stamp" -nt uv.lock ] && [ "$stamp" -nt tools/setup.sh ]; then exit 0; fi

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || {
    echo "Safelight needs Python 3.11 to 3.14; $("$python" --version 2>&1) was found. Set PYTHON=/path/to/python3.12" >&2
    exit 1
}
if [ ! -x .venv/bin/pip ]; then
    rm -rf .venv
    "$python" -m venv .venv 2>/dev/null || {
        # Debian splits venv from python3; root can mend that, others are told.
        rm -rf .venv
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
            "$python" -m venv .venv
        else
            echo "python3 has no venv module here. Install it first: sudo apt install python3-venv" >&2
            exit 1
        fi
    }
fi
[ -x .venv/bin/uv ] || .venv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
case $kind in
    demo) set -- --extra starter --no-dev ;;
    dev) set -- --all-extras --group dev ;;
    *) echo "usage: tools/setup.sh demo | dev" >&2; exit 2 ;;
esac
# --inexact keeps pip and uv themselves, and what the other kind of set-up added.
# Compiled now, because decoders are fresh processes: where bytecode is not kept, each would compile anew for a second.
UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync --quiet --frozen --inexact --compile-bytecode "$@"
.venv/bin/python -m compileall -q lrprev importers indexer safelight
touch "$stamp"
