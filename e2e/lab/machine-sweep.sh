#!/bin/bash
# machine-sweep.sh FOLDER
#
# Removes the cgroups of a machine that has ended. The caller runs this script in a separate mount namespace.
set -euo pipefail
folder=$1

tree=$folder/cgroup2
mkdir -p "$tree"
mount -t cgroup2 cgroup2 "$tree"
own=$tree/barnraiser-machine-$(stat --format=%i "$folder")
[ ! -d "$own" ] || find "$own" -depth -type d -exec rmdir {} +
