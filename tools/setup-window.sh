#!/bin/sh
# Makes sure that a window with GTK's WebKit can be opened on a screen that nobody sees, for the test of `safelight app`.
# Debian and Ubuntu, as root; elsewhere it only looks. Exits 1, saying so, where it cannot be had.
set -eu
ready() {
    command -v Xvfb >/dev/null &&
        /usr/bin/python3 -c 'import gi; gi.require_version("WebKit2", "4.1"); gi.require_version("Gtk", "3.0")' 2>/dev/null
}
ready && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    exec 9</var/cache/apt && flock 9  # tests that run beside each other ask at the same time
    ready && exit 0
    wanted="xvfb gir1.2-webkit2-4.1 gir1.2-gtk-3.0 python3-gi"
    {
        apt-get install -y -qq --no-install-recommends $wanted ||
            { apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted; }
    } >/dev/null 2>&1 || true
fi
ready || {
    echo "no Xvfb with GTK's WebKit here, and none can be installed: xvfb gir1.2-webkit2-4.1 gir1.2-gtk-3.0 python3-gi" >&2
    exit 1
}
