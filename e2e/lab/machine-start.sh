#!/bin/bash
# machine-start.sh ROOT FOLDER
#
# Starts the machine in the background: a process of its own mount, uts, ipc, pid and cgroup namespaces whose pid goes to
# FOLDER/pid. Killing that process ends the machine and everything in it but its cgroups, which machine-sweep.sh removes. The
# caller gives this script mounts of its own.
set -euo pipefail
root=$1 folder=$2
init=$(dirname "$(readlink -f "$0")")/machine-init.sh

# A cgroup of the v2 tree, whichever way this host uses that; with the namespace it becomes the machine's own root. By the
# folder's inode, so that two labs do not meet.
tree=$folder/cgroup2
mkdir -p "$tree"
mount -t cgroup2 cgroup2 "$tree"
own=$tree/barnraiser-machine-$(stat --format=%i "$folder")
mkdir "$own"
# This shell goes there itself, and what it starts inherits that.
echo $$ > "$own/cgroup.procs"

setsid --fork bash -c 'echo $$ > "$0/pid" && exec "$@"' "$folder" \
  unshare --fork --kill-child=KILL --mount --uts --ipc --pid --cgroup bash "$init" "$root" "$folder" \
  > "$folder/init.log" 2>&1 < /dev/null
