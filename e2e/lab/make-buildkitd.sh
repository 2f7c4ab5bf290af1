#!/bin/bash
# make-buildkitd.sh FOLDER APT-OPTIONS MIRROR
#
# Builds buildkitd and buildctl for amd64, static, into FOLDER. Debian has no package of them, but the source of its docker.io
# holds the whole of BuildKit, and the libraries that it needs are packages. FOLDER must not exist: the caller passes a
# temporary name and renames the folder when it is complete.
#   APT-OPTIONS a file in the format of apt.conf
#   MIRROR      empty for Debian's default mirror
set -euo pipefail
folder=$1 apt_options=$2 mirror=${3:-http://deb.debian.org/debian}
suite=trixie
work=$folder.work
root=$work/root source=$work/source apt=$work/apt
trap 'rm -rf "$work"' EXIT

# Package lists of the suite, apart from this machine's.
mkdir -p "$source" "$apt"/{etc/{apt.conf.d,preferences.d,trusted.gpg.d},lists/partial,cache/archives/partial}
touch "$apt/status"
cat > "$apt/conf" <<CONF
Dir::Etc "$apt/etc";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
cat "$apt_options" >> "$apt/conf"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$apt/etc/sources.list"
APT_CONFIG=$apt/conf apt-get update -qq >&2

# The tar files, without the signed description: its sums are in the signed lists.
cd "$source"
APT_CONFIG=$apt/conf apt-get source --print-uris docker.io | while read -r uri name _ sum; do
  case $name in
    *.tar.*)
      curl -sSfo "$name" "$(tr -d \' <<< "$uri")"
      "$(tr '[:upper:]' '[:lower:]' <<< "${sum%%:*}")sum" --check --quiet <<< "${sum#*:}  $name" >&2
      tar -xf "$name"
      ;;
  esac
done
mv moby-moby-*/engine engine
sed 's/#.*//' debian/patches/series | xargs -n 1 | while read -r patch; do
  patch -p1 -s --no-backup-if-mismatch < "debian/patches/$patch" >&2
done

# Of alternatives, the first.
libraries=$(sed -n '/^Build-Depends:/,/^[A-Z]/ { /^#/d; p }' debian/control | grep -o 'golang-[a-z0-9.+-]*-dev\( |\)\?' |
  awk '!skip { print $1 } { skip = /\|/ }' | sort -u | paste -sd ,)
TMPDIR=$work mmdebstrap --variant=extract --architectures=amd64 --include="$libraries,golang-go,base-files,libc6" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --aptopt="$apt_options" --aptopt='Acquire::Languages "none"' \
  --aptopt='APT::Install-Recommends "false"' "$suite" "$root" "$mirror" >&2

mkdir -p "$root"/build/src/github.com/{moby,docker} "$root/proc" "$root/dev" "$root/tmp"
mv buildkit "$root/build/src/github.com/moby/buildkit"
mv engine "$root/build/src/github.com/docker/docker"
packages=(github.com/moby/buildkit/cmd/{buildkitd,buildctl})
# Go finds itself through /proc. The mounts end with the namespace.
unshare --mount --pid --fork bash -c 'mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" && exec "$@"' "$root" \
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/build GO111MODULE=off CGO_ENABLED=0 GOPATH=/build:/usr/share/gocode \
  chroot "$root" /usr/bin/go build -ldflags '-s -w' -o /build/bin/ "${packages[@]}" >&2
mv "$root/build/bin" "$folder"
