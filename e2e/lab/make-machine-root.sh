#!/bin/bash
# make-machine-root.sh FOLDER APT-OPTIONS MIRROR
#
# Creates the root file system of a machine with systemd, as after an installation of Debian: the packages' scripts run, so
# services, users and their sub-ids are as on real machines. Nothing is prepared for Barnraiser: podman.socket is not enabled,
# no user has lingering enabled, and the user `pi` has no root privileges. FOLDER must not exist: the caller passes a temporary
# name and renames the folder when it is complete.
#   APT-OPTIONS a file in the format of apt.conf
#   MIRROR      empty for Debian's default mirror
set -euo pipefail
root=$1 apt_options=$2 mirror=$3

packages=systemd,systemd-sysv,libpam-systemd,dbus,dbus-user-session,polkitd,openssh-server,procps,iproute2
packages+=,ca-certificates,podman,crun,uidmap,passt,netavark,aardvark-dns

dpkg_options=()
for folder in doc man locale; do
  dpkg_options+=(--dpkgopt="path-exclude=/usr/share/$folder/*")
done

# Temporary files are created beside FOLDER, so that those of an interrupted run are removed with the lab's files.
TMPDIR=$(dirname "$root")
export TMPDIR
mmdebstrap --variant=minbase --architectures=amd64 --include="$packages" "${dpkg_options[@]}" \
  --aptopt="$apt_options" --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
  trixie "$root" ${mirror:+"$mirror"} >&2

echo pi > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 pi\n' > "$root/etc/hosts"
chroot "$root" useradd --create-home --shell /bin/bash pi
# The lab's registry uses plain http. The entry has no port, since tests start other registries.
printf '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n' > "$root/etc/containers/registries.conf.d/lab.conf"

# The kernel is shared with the nodes and the host, so no unit may configure it. No unit may update packages during a test.
for unit in systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount \
  systemd-sysctl.service systemd-modules-load.service systemd-udevd.service systemd-udevd-kernel.socket \
  systemd-udevd-control.socket systemd-udev-trigger.service sys-kernel-debug.mount sys-kernel-tracing.mount \
  sys-kernel-config.mount sys-fs-fuse-connections.mount systemd-journald-audit.socket systemd-pstore.service \
  console-getty.service getty@tty1.service apt-daily.timer apt-daily-upgrade.timer fstrim.timer; do
  ln -sfn /dev/null "$root/etc/systemd/system/$unit"
done
