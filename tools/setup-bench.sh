#!/bin/sh
# Builds what `make bench` compares with, beside .venv and never in it: torch in build/bench/torch, rclip in
# build/bench/rclip. A contender that cannot be had is left out of the tables, with a line that says so.
set -u
cd "$(dirname "$0")/.."
uv=$PWD/.venv/bin/uv
home=$PWD/build/bench
mkdir -p "$home"

# usage: environment NAME PYTHON PACKAGE...
environment() {
    name=$1 python=$2
    shift 2
    [ "$(cat "$home/$name/.ready" 2>/dev/null)" = "$*" ] && return
    echo "installing $* into build/bench/$name" >&2
    if "$uv" venv --quiet --clear --python "$python" "$home/$name" &&
        "$uv" pip install --quiet --compile-bytecode --python "$home/$name/bin/python" "$@"; then
        echo "$*" >"$home/$name/.ready"
    else
        echo "$1 cannot be installed: its rows are left out" >&2
    fi
}

# rclip 4 asks for Python 3.12; a pyenv shim on the PATH may be there and not work.
find_python312() {
    for python in "${PYTHON312:-python3.12}" "$HOME"/.pyenv/versions/3.12*/bin/python3.12; do
        "$python" -c '' 2>/dev/null && command -v "$python" && return
    done
    "$uv" python find --no-python-downloads 3.12 2>/dev/null
}

environment torch "$PWD/.venv/bin/python" 'torch==2.13.0' onnx onnxscript numpy safetensors transformers
if python312=$(find_python312); then
    environment rclip "$python312" 'rclip>=4.0.8,<5' onnx
else
    echo "no Python 3.12 here (set PYTHON312=/path/to/python3.12): the rows of rclip are left out" >&2
fi
