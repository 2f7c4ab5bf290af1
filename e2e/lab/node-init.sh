#!/bin/bash
# node-init.sh NAME FOLDER ROOT ENGINE DISK [BRIDGE NODE]
#
# Process 1 of a node. Sets up a machine in new namespaces, with sshd and an engine at its default socket. The node shares the
# network of the host, so that nodes and registry can reach each other on 127.0.0.1.
#   FOLDER   the node's state on the host: keys, sshd_config, storage; mounted as /run/node in the node
#   ROOT     the root file system of the node
#   ENGINE   podman, docker or buildkit
#   DISK     the size of the disk for what the engine stores, as tmpfs takes it; empty: no limit
#   BRIDGE   for docker: the bridge to which the containers of RUN steps are connected. With it, buildkit is that of a docker
#            whose API is hidden; without it, it is FOLDER/bin/buildkitd
#   NODE     the host's Node, which runs grpc-upgrade.mjs
set -euo pipefail
name=$1 folder=$2 root=$3 engine=$4 disk_size=$5 bridge=${6-} node=${7-}
upgrade=$(dirname "$(readlink -f "$0")")/grpc-upgrade.mjs

hostname "$name"
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/etc/containers"
mkdir -p "$root"/run/{sshd,lock,podman,buildkit,node} "$root/var/lib/buildkit" "$folder/home"
mount --bind "$folder" "$root/run/node"
disk=$folder
if [ -n "$disk_size" ]; then
  disk=$folder/disk
  mkdir -p "$disk"
  mount -t tmpfs -o "size=$disk_size" tmpfs "$disk"
fi
mkdir -p "$disk"/{storage,docker,buildkit,tmp,var-tmp}
chmod 1777 "$disk/tmp" "$disk/var-tmp"
mount --bind "$disk/storage" "$root/var/lib/containers"
mount --bind "$disk/docker" "$root/var/lib/docker"
mount --bind "$disk/buildkit" "$root/var/lib/buildkit"
mount --bind "$disk/tmp" "$root/tmp"
mount --bind "$disk/var-tmp" "$root/var/tmp"
mount --bind "$folder/home" "$root/root"
mount --bind "$folder/shadow" "$root/etc/shadow"
# RUN steps resolve names as the host does.
cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2> /dev/null || true
# A native node shows the emulators of the kernel. An emulated node has no emulators.
[ -e "$root/usr/lib/lab/runc" ] || mount -t binfmt_misc none "$root/proc/sys/fs/binfmt_misc"

# The root file system contains both engines. Hides the one that this node does not have.
for program in podman docker dockerd; do
  case $engine-$program in
    podman-podman | docker-docker* | buildkit-dockerd) ;;
    *) [ ! -e "$root/usr/bin/$program" ] || mount --bind /dev/null "$root/usr/bin/$program" ;;
  esac
done

# crun does not support hybrid cgroups, so the node uses runc. By default podman 5 sets limits above the hard limits.
files=$(ulimit -Hn) processes=$(ulimit -Hu)
[ "$files" != unlimited ] || files=1048576
[ "$processes" != unlimited ] || processes=1048576
cat > "$root/etc/containers/containers.conf" <<CONF
[containers]
netns = "host"
default_ulimits = ["nofile=$files:$files", "nproc=$processes:$processes"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
CONF
# If the lab's folder is on an overlay, as in a container, the kernel cannot put another overlay on it.
driver=overlay docker_driver=overlay2 containerd_driver=overlayfs
if [ "$(stat --file-system --format=%T "$disk/storage")" = overlayfs ]; then
  driver=vfs docker_driver=vfs containerd_driver=native
fi
! grep -q '"containerd-snapshotter":true' "$folder/daemon.json" 2> /dev/null || docker_driver=$containerd_driver
cat > "$root/etc/containers/storage.conf" <<CONF
[storage]
driver = "$driver"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
CONF
cat > "$root/etc/containers/registries.conf" <<CONF
unqualified-search-registries = []
# Without a port, since tests start other registries.
[[registry]]
location = "127.0.0.1"
insecure = true
CONF
echo '{"default":[{"type":"insecureAcceptAnything"}]}' > "$root/etc/containers/policy.json"

in_node=(chroot "$root" env -i HOME=/root LANG=C.UTF-8 PODMAN_IGNORE_CGROUPSV1_WARNING=1
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
cd /
"${in_node[@]}" /usr/sbin/sshd -D -e -f /run/node/sshd_config > "$folder/sshd.log" 2>&1 < /dev/null &
sshd=$!
if [ "$engine" = podman ]; then
  service=(podman system service --time=0 unix:///run/podman/podman.sock)
elif [ -z "$bridge" ]; then
  mkdir -p "$root/usr/local/bin"
  mount --bind "$folder/bin" "$root/usr/local/bin"
  service=(buildkitd --addr unix:///run/buildkit/buildkitd.sock --containerd-worker=false
    --oci-worker=true --oci-worker-binary=runc --oci-worker-net=host)
else
  socket=/run/docker.sock
  if [ "$engine" = buildkit ]; then
    # Where nothing looks for docker.
    socket=/run/buildkit/docker.sock
    (cd "$root/run/buildkit" && exec "$node" "$upgrade" docker.sock buildkitd.sock) > "$folder/upgrade.log" 2>&1 < /dev/null &
  fi
  # The network is the host's: docker must not change its firewall or enable forwarding.
  service=(dockerd --config-file=/run/node/daemon.json --host="unix://$socket" --bridge="$bridge" --iptables=false
    --ip6tables=false --ip-forward=false --ip-masq=false --storage-driver="$docker_driver"
    --exec-opt native.cgroupdriver=cgroupfs)
fi
"${in_node[@]}" "${service[@]}" > "$folder/engine.log" 2>&1 < /dev/null &
service=$!
set +e
# If a service ends within ten seconds, it failed to start: end the node, so that the caller does not wait for the timeout.
# Later, the node keeps running if a service ends.
wait -n "$sshd" "$service"
[ "$SECONDS" -ge 10 ] || exit 1
wait # bash also reaps orphaned processes
sleep infinity
