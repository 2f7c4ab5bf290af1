import { shellQuote } from '../../system/shell-quote.ts';

/** How many contexts stay on a node, and how much space they may take together, in millions of bytes. The newest always stays. */
const maxContexts = 8;
const maxTotalMegabytes = 4096;

/** Sets `folder`, where a node keeps packed contexts: files `<digest of the tar>.tar`, which only this user can read. */
const findFolder = `folder=; [ -z "$HOME" ] || folder=$HOME/.cache
case $XDG_CACHE_HOME in /*) folder=$XDG_CACHE_HOME;; esac
[ -z "$folder" ] || folder=$folder/barnraiser/contexts`;

/** Contexts that a killed build was writing. A file of a living process stays. */
const removeBroken = `for file in "$folder/part-$host-"*; do kill -0 "\${file##*-}" 2>/dev/null || rm -f "$file"; done`;

/** With this exit code, nothing was read yet. */
const cannotRelay = 9;

/**
 * Copies its input to a socket, and what comes from there to its output, until the socket or the output is closed. perl starts ten
 * times as fast as the podman command, which is used without it: on a slow node, that is half a second of each build.
 */
const perlRelay = `
$SIG{PIPE} = "IGNORE";
socket(S, 1, 1, 0) && connect(S, pack("Sa*", 1, $ARGV[0])) || exit ${cannotRelay};
sub copy {
  my ($from, $to) = @_;
  while (sysread($from, my $bytes, 65536)) {
    for (my $at = 0; $at < length $bytes;) { $at += syswrite($to, $bytes, length($bytes) - $at, $at) || return; }
  }
}
defined(my $writer = fork) || exit ${cannotRelay};
if ($writer) { copy(*S, *STDOUT); kill 15, $writer; }
else { copy(*STDIN, *S); shutdown(S, 1); }
`;

/**
 * The last line of the greeting of a node that can be used: `ready <free space in KiB> <hash> [gzip]`, where `hash` is how it verifies
 * tars. Before it comes `has <digest>` for each context.
 */
export const greetings = {
  has: 'has',
  ready: 'ready',
  gzip: 'gzip',
  unusable: 'unusable',
  failed: 'failed',
  input: 'input',
} as const;

/**
 * A program for a POSIX shell that makes the request of a build on the node, from a tar that it keeps there. It reads
 * operations from its input, one a line, some followed by as many bytes as they say. Blocks have 512 bytes.
 *
 * To make a tar of a kept one:
 * - `base DIGEST`: the kept tar that is read from now on
 * - `copy START COUNT`: these blocks of it are the next of the new tar
 * - `keep BYTES`: what follows is the next of the new tar
 * - `check`: begins to digest the new tar, or the kept one if nothing was added. It is the one that is read from now on.
 * - `verified DIGEST [OLD]`: waits for that, and ends everything if the tar is not right. It comes before the engine gets the end of
 *   the tar, without which it does not build. Then the tar stays on the node.
 * - `tidy`: the kept tar OLD, which the new one was made of, is removed, and so is what is too much
 * - `forget`: the tar that is read does not stay on the node
 *
 * To write the request to the engine:
 * - `send BYTES`: what follows
 * - `file START COUNT`: these blocks of the tar that is read
 * - `both BYTES`: what follows, as a chunk of HTTP, which is also the next of the new tar
 * - `chunk BYTES`: the same without adding it to the new tar
 * - `gzip BYTES`: what follows the next operation, if anything, is compressed to so many bytes
 * - `end [DIGEST]`: the last chunk. The new tar stays on the node under this name. It is verified when it is used.
 * - `hold`: nothing follows. The input of the engine stays open, because it cancels a build whose request is half-closed.
 *
 * Its output is a greeting, then what the engine responds. Everything ends when the engine closes the connection.
 * Some shells compute with 31 bits, so no number is larger than that.
 *
 * On a slow node, it is the start of programs that takes time. So few are started before the engine has the request, and what reaches
 * its socket is the first.
 *
 * Digests are BLAKE2b, which is fast everywhere. On x86 processors that have instructions for SHA-256 it is that, made by OpenSSL, which
 * uses them. (What emulated processors say of themselves means nothing.) It is also that where the program for BLAKE2b is missing.
 *
 * A tar is written under a name of its own and appears by rename, and who reads it has it open, so builds need no lock.
 *
 * @param makesFolder whether a context may be kept on a node that keeps none
 */
export function contextCacheProgram(socketPath: string, { makesFolder }: { readonly makesFolder: boolean }): string {
  return `umask 077; LC_ALL=C; export LC_ALL
exec 3>&1
unusable() { echo "${greetings.unusable} $1" >&3; exit; }
${findFolder}
[ -n "$folder" ] || unusable home
for tool in podman chmod dd tee mv ls df touch; do command -v $tool >/dev/null || unusable $tool; done
name=blake2b512; hash=b2sum; command -v b2sum >/dev/null || name=sha256
while read -r line; do
  case $line in flags*' sha_ni '*) ! command -v openssl >/dev/null || name=sha256;; esac
  case $line in flags*|Features*|isa*) break;; esac
done 2>/dev/null </proc/cpuinfo
if [ $name = sha256 ]; then
  command -v sha256sum >/dev/null || unusable sha256sum
  hash=sha256sum; ! command -v openssl >/dev/null || hash='openssl dgst -sha256 -r'
fi
gzip=; ! command -v gzip >/dev/null || gzip=' ${greetings.gzip}'
[ -d "$folder" ] || ${makesFolder ? 'mkdir -p "$folder" 2>/dev/null' : 'unusable empty'}
[ -d "$folder" ] && [ ! -L "$folder" ] && [ -O "$folder" ] || unusable folder
read -r host 2>/dev/null </proc/sys/kernel/hostname || host=$(uname -n)
part=$folder/part-$host-$$; sum=$folder/part-$host-sum-$$
source=; at=0; whole=1; packed=
take() { if [ -n "$packed" ]; then pull "$packed" | gzip -dc; else pull "$1"; fi; }
pull() {
  [ "$1" -lt 65536 ] || dd bs=65536 count=$(($1 / 65536)) iflag=fullblock 2>/dev/null || return
  [ $(($1 % 65536)) -eq 0 ] || dd bs=$(($1 % 65536)) count=1 iflag=fullblock 2>/dev/null
}
look() { source=$1; at=0; [ -f "$1" ] || fail missing; exec 4<"$1"; }
range() {
  [ "$1" -ge "$at" ] || look "$source"
  [ "$1" -eq "$at" ] || dd bs=512 skip=$(($1 - at)) count=0 <&4 2>/dev/null || return
  [ "$2" -lt 128 ] || dd bs=65536 count=$(($2 / 128)) <&4 2>/dev/null || return
  [ $(($2 % 128)) -eq 0 ] || dd bs=512 count=$(($2 % 128)) <&4 2>/dev/null || return
  at=$(($1 + $2))
}
fail() { echo "${greetings.failed} $1" >&3; exit; }
relay() {
  perl -e '${perlRelay}' ${shellQuote(socketPath)}
  case $? in ${cannotRelay}|126|127) podman --url ${shellQuote(`unix://${socketPath}`)} system dial-stdio;; esac
}
greet() {
  ${removeBroken}
  [ ! -f "$part" ] || rm -f "$part"
  ls -l -a -n -t "$folder" | while read -r mode links user group size rest; do
    rest=\${rest##* }
    case $mode/$rest in
      -*.tar) echo "${greetings.has} \${rest%.tar}";;
      d*/.) case $mode in drwx------|drwx------.) ;; *) chmod 700 "$folder" || unusable folder;; esac;;
    esac
  done
  df -Pk "$folder" | { read -r _; read -r _ _ _ free _; echo "${greetings.ready} $free $name$gzip"; }
}
tidy() {
  count=0; total=0
  ls -ltn "$folder" | while read -r mode links user group size rest; do
    case $mode$rest in -*.tar) ;; *) continue;; esac
    count=$((count + 1)); case $size in ???????*) total=$((total + \${size%??????}));; esac
    [ $count -eq 1 ] || { [ $count -le ${maxContexts} ] && [ $total -le ${maxTotalMegabytes} ]; } || rm -f "$folder/\${rest##* }"
  done
}
serve() {
  trap 'rm -f "$part" "$sum"' EXIT; trap exit HUP INT PIPE TERM
  while read -r operation one two; do
    case $operation in gzip) packed=$one; continue;; esac
    case $operation in
      base) look "$folder/$one.tar";;
      copy) range "$one" "$two" >>"$part" || fail disk;;
      keep) take "$one" >>"$part" || fail disk;;
      check)
        [ ! -f "$part" ] || look "$part"
        $hash <"$source" >"$sum" &
        ;;
      verified)
        digest=$one; old=$two; wait; found=; read -r found _ <"$sum"
        [ \${#found} -eq \${#digest} ] || [ $name != sha256 ] || { sha256sum <"$source" >"$sum"; read -r found _ <"$sum"; }
        [ "$found" = "$digest" ] || { rm -f "$source"; fail digest; }
        [ "$source" != "$part" ] || mv -f "$part" "$folder/$digest.tar" || fail disk
        source=$folder/$digest.tar;;
      tidy)
        touch "$source"
        [ -z "$old" ] || [ "$old" = "$digest" ] || rm -f "$folder/$old.tar"
        tidy;;
      forget) rm -f "$source";;
      send) take "$one" || fail ${greetings.input};;
      file) range "$one" "$two" || fail disk;;
      chunk) printf '%x\\r\\n' "$one"; take "$one"; printf '\\r\\n';;
      both) printf '%x\\r\\n' "$one"; take "$one" | tee -a "$part" || whole=; printf '\\r\\n';;
      end)
        [ -z "$one" ] || [ -z "$whole" ] || [ ! -f "$part" ] || mv -f "$part" "$folder/$one.tar"
        printf '0\\r\\n\\r\\n'
        rm -f "$part"; tidy;;
      hold) cat;;
    esac
    packed=
  done 2>/dev/null
}
{ greet >&3; serve; } | { relay >&3 2>/dev/null; kill -TERM 0; }`;
}

/** Sets the working folder to that of the contexts, or ends. */
const enterFolder = `${findFolder}
[ -n "$folder" ] && [ -d "$folder" ] && [ ! -L "$folder" ] && cd "$folder" || exit 0`;

/**
 * Prints a line for each context that a node keeps, and for each file that a killed build has left: when it was last used (seconds
 * since 1970), its size in bytes, and its name.
 */
export const listContextsCommand = `${enterFolder}
for file in *.tar "part-$(uname -n)-"*; do
  [ -f "$file" ] || continue
  case $file in part-*) ! kill -0 "\${file##*-}" 2>/dev/null || continue;; esac
  stat -c '%Y %s %n' "$file"
done`;

/** Removes such files. @param files names that need no quotes */
export function removeContextsCommand(files: readonly string[]): string {
  return `${enterFolder}
rm -f ${files.map((file) => `./${file}`).join(' ')}
rmdir "$folder" "\${folder%/*}" 2>/dev/null; :`;
}
