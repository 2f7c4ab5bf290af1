#!/bin/bash
# machine-init.sh ROOT FOLDER
#
# Sets up a machine in new namespaces and runs systemd as its process 1. The machine has its own devices, its own part of the
# cgroup v2 tree, and an overlay on ROOT, whose changes are discarded at the next start. It shares the network of the host, so
# that it can reach the registry at 127.0.0.1.
#   ROOT     the root file system, read-only
#   FOLDER   the machine's state on the host: keys and sshd_config; the machine writes to FOLDER/state
set -euo pipefail
root=$1 folder=$2
state=$folder/state
machine=$state/root

mkdir -p "$state"/{upper,work,root,home,containers,tmp,var-tmp}
chmod 1777 "$state/tmp" "$state/var-tmp"
cp -a "$root/home/." "$state/home"
mount -t overlay -o "lowerdir=$root,upperdir=$state/upper,workdir=$state/work" overlay "$machine"
# podman's overlays cannot be on an overlay.
mount --bind "$state/home" "$machine/home"
mkdir -p "$machine/var/lib/containers"
mount --bind "$state/containers" "$machine/var/lib/containers"
mount --bind "$state/tmp" "$machine/tmp"
mount --bind "$state/var-tmp" "$machine/var/tmp"

mount -t proc -o nosuid,nodev,noexec proc "$machine/proc"
# Shows the emulators of the kernel, as on a real machine.
mount -t binfmt_misc -o ro none "$machine/proc/sys/fs/binfmt_misc"
# Read-only, since systemd would otherwise configure the host's devices.
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$machine/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$machine/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid tmpfs "$machine/run"
mount -t tmpfs -o mode=755,nosuid tmpfs "$machine/dev"
mkdir "$machine"/dev/{pts,shm,mqueue,net}
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$machine/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$machine/dev/shm"
mount -t mqueue mqueue "$machine/dev/mqueue"
ln -s pts/ptmx "$machine/dev/ptmx"
ln -s /proc/self/fd "$machine/dev/fd"
ln -s fd/0 "$machine/dev/stdin"
ln -s fd/1 "$machine/dev/stdout"
ln -s fd/2 "$machine/dev/stderr"
device() { mknod -m "$2" "$machine/dev/$1" c "$3" "$4"; }
device null 666 1 3
device zero 666 1 5
device full 666 1 7
device random 666 1 8
device urandom 666 1 9
device tty 666 5 0
device fuse 666 10 229
device net/tun 666 10 200

# Host key, sshd configuration, and the users' authorized keys.
install -m 600 "$folder/host_key" "$machine/etc/ssh/ssh_host_ed25519_key"
install -m 644 "$folder/host_key.pub" "$machine/etc/ssh/ssh_host_ed25519_key.pub"
install -m 644 "$folder/sshd_config" "$machine/etc/ssh/sshd_config.d/lab.conf"
for home in root home/pi; do
  owner=$(stat --format=%u:%g "$machine/$home")
  install -d -m 700 -o "${owner%:*}" -g "${owner#*:}" "$machine/$home/.ssh"
  install -m 600 -o "${owner%:*}" -g "${owner#*:}" "$folder/authorized_keys" "$machine/$home/.ssh/authorized_keys"
done
# By default podman sets limits for open files and processes that a host without CAP_SYS_RESOURCE does not allow.
if ! (ulimit -Hn "$(($(ulimit -Hn) + 1))") 2> /dev/null; then
  mkdir -p "$machine/etc/containers/containers.conf.d"
  printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' \
    "$(ulimit -Hn)" "$(ulimit -Hn)" "$(ulimit -Hu)" "$(ulimit -Hu)" > "$machine/etc/containers/containers.conf.d/lab.conf"
fi
# RUN steps resolve names as the host does.
cp -L /etc/resolv.conf "$machine/etc/resolv.conf" 2> /dev/null || true

# systemd must be at the root of the mount namespace: in a chroot, its tools treat the machine as an image that is not booted.
cd "$machine"
mkdir -p .host
pivot_root . .host
umount --lazy /.host
rmdir /.host
# podman needs shared mount propagation on the root; a booted systemd sets it.
mount --make-rshared /
# With `container` set, systemd does not configure the kernel.
exec env -i container=barnraiser-lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --log-target=console --show-status=no
