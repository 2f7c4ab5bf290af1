import { quote } from '../system/shell-quote.ts';

/**
 * Commands that end with their channel. sshd kills nothing when a channel closes or its connection is gone, and for root it
 * passes on no signals either (no privilege separation): a command that neither reads nor writes would go on for as long as it
 * likes. But sshd closes the command's stdin then, and it has made each command the leader of a process group of its own
 * (OpenSSH, session.c: do_exec_no_pty() calls setsid()), so whoever sees that end can end them all.
 */

/** A command for a POSIX shell, with an empty stdin, as a command for any login shell. Needs nothing but a POSIX shell on the node. */
export function boundCommand(command: string): string {
  return `sh -c ${quote(`exec 3<&0 </dev/null
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

/** The same for a command that reads what is sent to it, and has answered all of it before we end our side. */
export function boundFilter(command: string): string {
  return `sh -c ${quote(`{ cat; kill -TERM 0; } | { ${command}; kill -TERM 0; }`)}`;
}
