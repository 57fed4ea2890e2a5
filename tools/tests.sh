#!/bin/sh
# Runs all tests, files beside each other; what fails there is run once more by itself, and has to pass then.
# docs/decisions/0007-unsteady-tests.md says why; what passed only then is named, and is to be mended.
set -u
cd "$(dirname "$0")/.."
# What multiplies matrices shares each one out among all cores, and waits for them in a loop: three at once would do so
# for cores that the other two hold. Models have threads of their own; decoders have one in any case.
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
# Compiled once, for all: where bytecode is not kept, each process would do it anew, for eight seconds.
PYTHONDONTWRITEBYTECODE='' .venv/bin/pytest --collect-only -p no:cacheprovider "$@" >/dev/null 2>&1
# Three at once, each with whole files: the tests wait for processes, pages and clocks as much as they compute. In the
# order of their names, so that the one that takes longest, of the benchmark, does not come last.
.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder --hypothesis-profile=repeatable "$@"
ended=$?
[ $ended -eq 1 ] || exit $ended # all passed, or they could not be run

echo "Once more by themselves, those that failed:"
.venv/bin/pytest --last-failed --last-failed-no-failures none --maxfail 1 --hypothesis-profile=repeatable \
    -p no:xdist -rA --show-capture no "$@" || exit 1
echo "UNSTEADY: the tests above failed beside others and passed by themselves; see what keeps them from both."
