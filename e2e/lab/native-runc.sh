#!/bin/bash
# native-runc.sh FOREIGN-ROOT AMD64-ROOT
#
# Replaces the runc of an emulated node with a wrapper around an amd64 runc. qemu-user cannot run runc (clone with namespace
# flags, fexecve of a sealed memfd). The programs in a RUN step are still those of the node's architecture.
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
# The seccomp profile is for the node's architecture, but applies to the emulator, an amd64 program. So the filter is set to
# amd64, and arch_prctl, which profiles of other architectures omit, is allowed. docker's network hook runs /proc/PID/exe of
# dockerd, which is the emulator too, so its path is replaced with that of dockerd.
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
