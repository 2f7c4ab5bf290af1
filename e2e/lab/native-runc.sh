#!/bin/bash
# native-runc.sh FOREIGN-ROOT AMD64-ROOT
#
# The one native part of an emulated node. qemu-user cannot run runc (clone with namespace flags, fexecve of a sealed
# memfd), so the node's runc becomes a small wrapper around an amd64 runc; what runs inside a RUN step is still of the
# node's architecture.
set -euo pipefail
foreign=$1 amd64=$2

libraries=lib/x86_64-linux-gnu
mkdir -p "$foreign/usr/lib/lab" "$foreign/$libraries" "$foreign/lib64"
cp "$amd64/usr/sbin/runc" "$amd64/usr/bin/busybox" "$foreign/usr/lib/lab/"
cp -L "$amd64/lib64/ld-linux-x86-64.so.2" "$foreign/lib64/"
for library in $(chroot "$amd64" ldd /usr/sbin/runc | awk '/=>/ { print $3 }'); do
  cp -L "$amd64/$library" "$foreign/$libraries/"
done

rm -f "$foreign/usr/sbin/runc" "$foreign/usr/bin/runc"
cat > "$foreign/usr/sbin/runc" <<'WRAPPER'
#!/usr/lib/lab/busybox sh
# The seccomp profile is the node's architecture's, but the process it meets is the emulator, an amd64 program: filter
# for amd64, and allow arch_prctl, which a foreign profile leaves out. docker's network hook is the program of its own
# process, which is the emulator, too: name docker's.
previous=
for argument; do
  case $previous in
    --bundle | -b)
      /usr/lib/lab/busybox sed -i -e 's/"_llseek"/"_llseek","arch_prctl"/' \
        -e 's/"architectures":\[[^]]*\]/"architectures":["SCMP_ARCH_X86_64"]/' \
        -e 's#"path":"/proc/[0-9]*/exe"#"path":"/usr/sbin/dockerd"#g' "$argument/config.json"
      ;;
  esac
  previous=$argument
done
exec /usr/lib/lab/runc "$@"
WRAPPER
chmod +x "$foreign/usr/sbin/runc"
