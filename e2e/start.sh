#!/usr/bin/env bash
# Opens Barnraiser, also from a fresh clone: installs packages, bundles the app, and starts the desktop front end, or the browser
# front end if Electron's runtime is not available.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
bash "$here/e2e/install.sh"
exec "$here/node_modules/.bin/tsx" "$here/e2e/start.ts" "$@"
