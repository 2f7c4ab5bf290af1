#!/bin/sh
# The command `barnraiser` of the deb and rpm packages. A command runs in this terminal. A folder (with a slash, or . and ..), a link,
# or nothing at all on a desktop opens the window.
app=/opt/Barnraiser/barnraiser-desktop
case ${1-} in
  '')
    if [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ]; then exec "$app"; fi
    ;;
  barnraiser:*) exec "$app" "$@" ;;
  . | .. | */*)
    if [ $# -eq 1 ] && [ -d "$1" ]; then exec "$app" "$1"; fi
    ;;
esac
export BARNRAISER_FRONT_END=terminal
# a command loads no page: it needs neither a display nor the sandbox of pages, which root cannot have
exec "$app" --ozone-platform=headless --disable-gpu --no-sandbox -- "$@"
