#!/bin/sh
# Installs luacheck, which lints the Lightroom plug-in's Lua, and Lua 5.1. Needs root on Debian and its like.
set -eu
if command -v luacheck >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq lua5.1 lua-check >/dev/null
else
    echo "luacheck is not installed, so the Lua of the Lightroom plug-in cannot be linted. Install it first:" >&2
    echo "  sudo apt install lua5.1 lua-check     (Debian, Ubuntu)" >&2
    echo "  brew install luacheck                 (macOS)" >&2
    exit 1
fi
