#!/bin/bash
# make-root-file-system.sh SUITE ARCHITECTURE FOLDER APT-OPTIONS MIRROR EMULATORS
#
# Unpacks a Debian root file system that can serve as a build node. Nothing in it runs while it is made (no package
# script, hence no emulation), so an arm64 one takes as long as an amd64 one. The folder must not exist yet: the caller
# gives a temporary name and renames it when everything is in place.
#   APT-OPTIONS a file of apt.conf lines
#   MIRROR      may be empty: Debian's own
#   EMULATORS   space-separated qemu-ARCH; not empty for the one root file system that holds the lab's own tools
set -euo pipefail
suite=$1 architecture=$2 root=$3 apt_options=$4 mirror=$5 emulators=$6

packages=base-files,base-passwd,bash,dash,coreutils,findutils,sed,grep,tar,gzip,mount,util-linux,libc-bin,procps
packages+=,ca-certificates,hostname,busybox-static,openssh-server,podman,netavark,runc
# Of docker there is one release, the newest; ip makes the bridge that its RUN steps hang on.
[ "$suite" = bookworm ] || packages+=,docker.io,docker-cli,iptables,iproute2
# qemu-user has to be trixie's: Debian 12's refuses PR_SET_CHILD_SUBREAPER, which breaks every RUN step.
[ -z "$emulators" ] || packages+=,docker-registry,qemu-user

# Beside the result, so that what an interrupted run leaves is found and removed with it.
TMPDIR=$(dirname "$root")
export TMPDIR
mmdebstrap --variant=extract --architectures="$architecture" --skip=check/qemu --include="$packages" \
  --aptopt="$apt_options" --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
  "$suite" "$root" ${mirror:+"$mirror"} >&2
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists "$root"/usr/share/{doc,man,locale}
# qemu-user has dozens of emulators, half a gigabyte.
for emulator in "$root"/usr/bin/qemu-*; do
  [[ " $emulators " == *" ${emulator##*/} "* ]] || rm -f "$emulator"
done

# What the packages' own scripts would have made.
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
