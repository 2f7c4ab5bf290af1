#!/bin/bash
# node-init.sh NAME FOLDER ROOT ENGINE [BRIDGE]
#
# Process 1 of a node: turns fresh namespaces into "a machine" with sshd and an engine at its standard socket.
# The network stays the host's, so that nodes and registry meet on 127.0.0.1.
#   FOLDER   the node's state on the host: keys, sshd_config, storage; the node sees it as /run/node
#   ROOT     the root file system the node runs in
#   ENGINE   podman or docker
#   BRIDGE   for docker: the network interface that the containers of its builds hang on
set -euo pipefail
name=$1 folder=$2 root=$3 engine=$4 bridge=${5-}

hostname "$name"
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/etc/containers"
mkdir -p "$root"/run/{sshd,lock,podman,node} "$folder"/{storage,docker,tmp,var-tmp,home}
chmod 1777 "$folder/tmp" "$folder/var-tmp"
mount --bind "$folder" "$root/run/node"
mount --bind "$folder/storage" "$root/var/lib/containers"
mount --bind "$folder/docker" "$root/var/lib/docker"
mount --bind "$folder/tmp" "$root/tmp"
mount --bind "$folder/var-tmp" "$root/var/tmp"
mount --bind "$folder/home" "$root/root"
mount --bind "$folder/shadow" "$root/etc/shadow"
# The names a RUN step may look up are those this machine knows.
cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2> /dev/null || true
# A native machine sees the emulators that its kernel knows; an emulated one has none of its own.
[ -e "$root/usr/lib/lab/runc" ] || mount -t binfmt_misc none "$root/proc/sys/fs/binfmt_misc"

# The root file system has both engines, a machine one of them.
for program in podman docker dockerd; do
  case $engine-$program in
    podman-podman | docker-docker*) ;;
    *) [ ! -e "$root/usr/bin/$program" ] || mount --bind /dev/null "$root/usr/bin/$program" ;;
  esac
done

# crun refuses hybrid cgroups, hence runc. podman 5 asks for more than the hard limits unless told what they are.
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
# The kernel cannot stack overlays when the lab's folder is itself on one, as in a container.
driver=overlay docker_driver=overlay2
if [ "$(stat --file-system --format=%T "$folder/storage")" = overlayfs ]; then
  driver=vfs docker_driver=vfs
fi
cat > "$root/etc/containers/storage.conf" <<CONF
[storage]
driver = "$driver"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
CONF
cat > "$root/etc/containers/registries.conf" <<CONF
unqualified-search-registries = []
# Any port: tests start registries of their own.
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
if [ "$engine" = docker ]; then
  # The network is this machine's: no rule of its firewall is touched, and nothing is forwarded.
  service=(dockerd --host=unix:///run/docker.sock --bridge="$bridge" --iptables=false --ip6tables=false
    --ip-forward=false --ip-masq=false --storage-driver="$docker_driver" --exec-opt native.cgroupdriver=cgroupfs)
else
  service=(podman system service --time=0 unix:///run/podman/podman.sock)
fi
"${in_node[@]}" "${service[@]}" > "$folder/engine.log" 2>&1 < /dev/null &
service=$!
set +e
# A service that ends at once has not started: end the node, so that whoever waits for it learns soon. Later a service
# may die without its machine.
wait -n "$sshd" "$service"
[ "$SECONDS" -ge 10 ] || exit 1
wait # bash reaps the node's orphans too
sleep infinity
