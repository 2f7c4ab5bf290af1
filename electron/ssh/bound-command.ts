/**
 * Commands that end with their channel. sshd kills nothing when a channel or its connection closes, and for root it
 * forwards no signals either (no privilege separation), so a command that neither reads nor writes would run on. But
 * sshd closes the command's stdin then, and it makes each command the leader of its own process group (OpenSSH,
 * session.c: do_exec_no_pty() calls setsid()). A process that waits for the end of stdin can therefore kill the whole
 * group.
 *
 * Each wraps a command of a POSIX shell for any login shell. The node needs only a POSIX shell. The command prints the
 * marker to stdout before it starts, see `OutputStart`.
 */
import { shellQuote } from '../system/shell-quote.ts';
import { shellLine } from './shell-line.ts';

/** The command gets an empty stdin. It prints the marker to stderr, too. */
export function boundCommand(command: string, marker: string): string {
  return shellLine(`exec 3<&0 </dev/null
{ read -r _ <&3; kill -TERM 0; } >/dev/null 2>&1 &
watch=$!
${printMarker(marker)}
${printMarker(marker)} >&2
(
exec 3<&-
${command}
)
code=$?
kill "$watch" 2>/dev/null
exit "$code"`);
}

/** The command reads its stdin, and has answered all of it before we end our side. */
export function boundFilter(command: string, marker: string): string {
  return shellLine(`${printMarker(marker)}
{ cat; kill -TERM 0; } | { ${command}; kill -TERM 0; }`);
}

/** The command itself watches its stdin. */
export function unboundCommand(command: string, marker: string): string {
  return shellLine(`${printMarker(marker)}\n${command}`);
}

function printMarker(marker: string): string {
  return `printf '%s\\n' ${shellQuote(marker)}`;
}
