#!/usr/bin/env bash
# Opens Barnraiser, also from a fresh clone: packages, bundle, then the desktop door or, without Electron's runtime, the browser's.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
bash "$here/e2e/install.sh"
exec "$here/node_modules/.bin/tsx" "$here/e2e/start.ts" "$@"
