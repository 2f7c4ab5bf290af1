#!/usr/bin/env bash
# Installs the packages of package-lock.json if they are not installed or the lock file has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=node_modules/.installed
if [ ! -e "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
  echo "Installing packages..." >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json "$stamp"
fi
