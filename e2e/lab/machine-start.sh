#!/bin/bash
# machine-start.sh ROOT FOLDER
#
# Starts the machine in the background, in new mount, uts, ipc, pid and cgroup namespaces. Writes the pid of the unshare process
# to FOLDER/pid. Killing it ends the machine, except for its cgroups, which machine-sweep.sh removes. The caller runs this
# script in a separate mount namespace.
set -euo pipefail
root=$1 folder=$2
init=$(dirname "$(readlink -f "$0")")/machine-init.sh

# Creates a cgroup in the v2 tree, also on a host that uses v1. The cgroup namespace makes it the root of the machine's tree. Its
# name contains the folder's inode, so that two labs do not conflict.
tree=$folder/cgroup2
mkdir -p "$tree"
mount -t cgroup2 cgroup2 "$tree"
own=$tree/barnraiser-machine-$(stat --format=%i "$folder")
mkdir "$own"
# Moves this shell into the cgroup; child processes inherit it.
echo $$ > "$own/cgroup.procs"

setsid --fork bash -c 'echo $$ > "$0/pid" && exec "$@"' "$folder" \
  unshare --fork --kill-child=KILL --mount --uts --ipc --pid --cgroup bash "$init" "$root" "$folder" \
  > "$folder/init.log" 2>&1 < /dev/null
