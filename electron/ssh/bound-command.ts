/**
 * Commands that end with their channel. sshd kills nothing when a channel or its connection closes, and for root it
 * forwards no signals either (no privilege separation), so a command that neither reads nor writes would run on. But
 * sshd closes the command's stdin then, and it makes each command the leader of its own process group (OpenSSH,
 * session.c: do_exec_no_pty() calls setsid()). A process that waits for the end of stdin can therefore kill the whole
 * group.
 */
import { shellQuote } from '../system/shell-quote.ts';

/**
 * Wraps a command of a POSIX shell for any login shell. The command gets an empty stdin. The node needs only a POSIX
 * shell.
 */
export function boundCommand(command: string): string {
  return `sh -c ${shellQuote(`exec 3<&0 </dev/null
{ read -r _ <&3; kill -TERM 0; } >/dev/null 2>&1 &
watch=$!
(
exec 3<&-
${command}
)
code=$?
kill "$watch" 2>/dev/null
exit "$code"`)}`;
}

/** Wraps a command that reads its stdin and has answered all of it before we end our side. */
export function boundFilter(command: string): string {
  return `sh -c ${shellQuote(`{ cat; kill -TERM 0; } | { ${command}; kill -TERM 0; }`)}`;
}
