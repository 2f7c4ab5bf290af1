#!/bin/bash
# node-start.sh NAME FOLDER ROOT ENGINE DISK [BRIDGE NODE]
#
# Starts one node in the background, in new mount, uts, ipc and pid namespaces. Writes the pid of the unshare process to
# FOLDER/pid. Killing it ends the node and all its processes.
set -euo pipefail
folder=$2
init=$(dirname "$(readlink -f "$0")")/node-init.sh
setsid --fork bash -c 'echo $$ > "$0/pid" && exec "$@"' "$folder" \
  unshare --fork --kill-child=KILL --mount --uts --ipc --pid bash "$init" "$@" \
  > "$folder/init.log" 2>&1 < /dev/null
