#!/usr/bin/env bash
# Every check there is, from a fresh clone: packages, the lab, then all parts. Ends with `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."
bash e2e/install.sh
exec node_modules/.bin/tsx e2e/run-tests.ts "$@"
