#!/bin/bash
# make-machine-root.sh FOLDER APT-OPTIONS MIRROR
#
# Makes the root file system of a machine with systemd, as Debian leaves it after an installation: the packages' own scripts
# run, so services, users and their sub-ids are what users have. Nothing is prepared for Barnraiser: no podman.socket is
# enabled, nobody lingers, and the user `pi` may do nothing as root. The folder must not exist yet: the caller gives a
# temporary name and renames it when everything is in place.
#   APT-OPTIONS a file of apt.conf lines
#   MIRROR      may be empty: Debian's own
set -euo pipefail
root=$1 apt_options=$2 mirror=$3

packages=systemd,systemd-sysv,libpam-systemd,dbus,dbus-user-session,polkitd,openssh-server,procps,iproute2
packages+=,ca-certificates,podman,crun,uidmap,passt,netavark,aardvark-dns

dpkg_options=()
for folder in doc man locale; do
  dpkg_options+=(--dpkgopt="path-exclude=/usr/share/$folder/*")
done

# Beside the result, so that what an interrupted run leaves is found and removed with it.
TMPDIR=$(dirname "$root")
export TMPDIR
mmdebstrap --variant=minbase --architectures=amd64 --include="$packages" "${dpkg_options[@]}" \
  --aptopt="$apt_options" --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
  trixie "$root" ${mirror:+"$mirror"} >&2

echo pi > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 pi\n' > "$root/etc/hosts"
chroot "$root" useradd --create-home --shell /bin/bash pi
# The lab's registry speaks plain http; any port: tests start registries of their own.
printf '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n' > "$root/etc/containers/registries.conf.d/lab.conf"

# The kernel belongs to all nodes and to the host: nothing here may set it up, and nothing updates packages behind a test's back.
for unit in systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount \
  systemd-sysctl.service systemd-modules-load.service systemd-udevd.service systemd-udevd-kernel.socket \
  systemd-udevd-control.socket systemd-udev-trigger.service sys-kernel-debug.mount sys-kernel-tracing.mount \
  sys-kernel-config.mount sys-fs-fuse-connections.mount systemd-journald-audit.socket systemd-pstore.service \
  console-getty.service getty@tty1.service apt-daily.timer apt-daily-upgrade.timer fstrim.timer; do
  ln -sfn /dev/null "$root/etc/systemd/system/$unit"
done
