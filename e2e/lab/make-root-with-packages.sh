#!/bin/bash
# make-root-with-packages.sh PACKAGES ARGUMENT...
#
# Runs make-root-file-system.sh with its arguments, and adds packages (separated by commas) to those that it unpacks. It is a
# script of its own since the names of the other root file systems, which are kept, depend on the content of that one.
set -euo pipefail
more_packages=$1
shift

mmdebstrap() { command mmdebstrap --include="$more_packages" "$@"; }
export more_packages
export -f mmdebstrap
bash "$(dirname "$(readlink -f "$0")")/make-root-file-system.sh" "$@"
