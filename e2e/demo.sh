#!/usr/bin/env bash
# Runs the demo, also from a fresh clone: builds an image for two architectures on the lab's nodes and pushes it to a registry.
set -euo pipefail
cd "$(dirname "$0")/.."
bash e2e/install.sh
exec node_modules/.bin/tsx e2e/demo.ts "$@"
