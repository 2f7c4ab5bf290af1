#!/bin/bash
# make-root-file-system.sh SUITE ARCHITECTURE FOLDER APT-OPTIONS MIRROR EMULATORS
#
# Unpacks a Debian root file system for build nodes. No package script runs, so no emulation is needed and arm64 takes as long
# as amd64. FOLDER must not exist: the caller passes a temporary name and renames the folder when it is complete.
#   APT-OPTIONS a file in the format of apt.conf
#   MIRROR      empty for Debian's default mirror
#   EMULATORS   space-separated qemu-ARCH; empty except for the root file system that also holds the lab's tools
set -euo pipefail
suite=$1 architecture=$2 root=$3 apt_options=$4 mirror=$5 emulators=$6

packages=base-files,base-passwd,bash,dash,coreutils,findutils,sed,grep,tar,gzip,mount,util-linux,libc-bin,procps
packages+=,ca-certificates,hostname,busybox-static,openssh-server,podman,netavark,runc
# Only trixie has docker nodes. The lab needs ip to create the bridge for their RUN steps.
[ "$suite" = bookworm ] || packages+=,docker.io,docker-cli,iptables,iproute2
# Measurements compare with buildx.
[ "$suite-$architecture" != trixie-amd64 ] || packages+=,docker-buildx
# qemu-user must be trixie's: that of Debian 12 does not support PR_SET_CHILD_SUBREAPER, without which every RUN step fails.
[ -z "$emulators" ] || packages+=,docker-registry,qemu-user

# Temporary files are created beside FOLDER, so that those of an interrupted run are removed with the lab's files.
TMPDIR=$(dirname "$root")
export TMPDIR
mmdebstrap --variant=extract --architectures="$architecture" --skip=check/qemu --include="$packages" \
  --aptopt="$apt_options" --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
  "$suite" "$root" ${mirror:+"$mirror"} >&2
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists "$root"/usr/share/{doc,man,locale}
# qemu-user contains dozens of emulators, half a gigabyte.
for emulator in "$root"/usr/bin/qemu-*; do
  [[ " $emulators " == *" ${emulator##*/} "* ]] || rm -f "$emulator"
done

# These files would be created by the packages' scripts.
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
sed -i 's#^root:.*#root:x:0:0:root:/root:/bin/bash#' "$root/etc/passwd"
echo 'sshd:x:101:65534::/run/sshd:/usr/sbin/nologin' >> "$root/etc/passwd"
install -m 600 /dev/null "$root/etc/shadow"
echo '127.0.0.1 localhost' > "$root/etc/hosts"
mkdir -p "$root"/{root,proc,sys,dev,run,tmp,var/tmp,var/lib/{containers,docker},etc/containers,etc/ssl/certs}
rm -rf "$root/var/run" "$root/var/lock"
ln -s /run "$root/var/run"
ln -s /run/lock "$root/var/lock"
cat "$root"/usr/share/ca-certificates/mozilla/*.crt > "$root/etc/ssl/certs/ca-certificates.crt"
