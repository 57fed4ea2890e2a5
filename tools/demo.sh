#!/bin/sh
# The main job, from pictures to answers, on the starter model that came with the packages.
set -eu
cd "$(dirname "$0")/.."
SAFELIGHT_HOME="$PWD/.demo"
export SAFELIGHT_HOME
safelight=.venv/bin/safelight
say() { printf '\n$ safelight %s\n' "$*"; }

say index "\"$PHOTOS\"" --model starter
$safelight index "$PHOTOS" --model starter
# Searches may find nothing (exit code 1) in someone's own PHOTOS; only an error (2) ends the demo.
for words in "${WORDS1:-a cat}" "${WORDS2:-something to drink}" "${WORDS3:-a space rocket}"; do
    say search "\"$words\"" -n 3
    $safelight search "$words" -n 3 --model starter --folder "$PHOTOS" || [ $? -eq 1 ]
done

printf '\nNext: make demo PHOTOS=~/Pictures/Holiday does the same with your own pictures, which are only read;\n'
printf 'README.md says how to install safelight and what else it finds, recovers and tells apart.\n'
