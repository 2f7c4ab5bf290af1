#!/usr/bin/env bash
# Runs every check, also from a fresh clone: installs packages, starts the lab, and runs all tests. The last line of the output is
# `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."
bash e2e/install.sh
exec node_modules/.bin/tsx e2e/run-tests.ts "$@"
