#!/bin/sh
# Makes sure that a Chromium is there for the tests of the page; prints its path. Debian and Ubuntu, as root; elsewhere
# it only looks. Exits 1, saying so, where none can be had.
set -eu
find_chromium() {
    for name in ${CHROMIUM:-} /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
        [ -x "$name" ] && echo "$name" && return
    done
    return 1
}
find_chromium && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    exec 9</var/cache/apt && flock 9  # tests that run beside each other ask at the same time
    find_chromium && exit 0
    {
        apt-get install -y -qq --no-install-recommends chromium ||
            { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }
    } >/dev/null 2>&1 || true
fi
find_chromium || {
    echo "no Chromium here, and none can be installed; set CHROMIUM=/path/to/it" >&2
    exit 1
}
