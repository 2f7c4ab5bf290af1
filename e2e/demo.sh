#!/usr/bin/env bash
# From a fresh clone to an image for two architectures in a registry, on real nodes that this machine plays.
set -euo pipefail
cd "$(dirname "$0")/.."
bash e2e/install.sh
exec node_modules/.bin/tsx e2e/demo.ts "$@"
