#!/bin/bash
# node-start.sh NAME FOLDER ROOT ENGINE [BRIDGE]
#
# Starts one node in the background: a process of its own mount, uts, ipc and pid namespaces whose pid goes to
# FOLDER/pid. Killing that process ends the node and everything in it.
set -euo pipefail
folder=$2
init=$(dirname "$(readlink -f "$0")")/node-init.sh
setsid --fork bash -c 'echo $$ > "$0/pid" && exec "$@"' "$folder" \
  unshare --fork --kill-child=KILL --mount --uts --ipc --pid bash "$init" "$@" \
  > "$folder/init.log" 2>&1 < /dev/null
