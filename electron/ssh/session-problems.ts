import { type Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine, sanitizeText } from '../../shared/untrusted-text.ts';

/** `name` is the connection's. */
export function socketRefused(name: string, path: string, error: Error): Failure {
  // RFC 4254, 5.1: 1 is "administratively prohibited", 3 "unknown channel type"
  const isForbidden = 'reason' in error && (error.reason === 1 || error.reason === 3);
  return fail(
    isForbidden ? 'ssh.forwarding-refused' : 'ssh.channel',
    `Node ${name} did not open a connection to its socket ${path}.`,
    'Check that the socket exists and that your user may use it, and that `AllowStreamLocalForwarding` is not `no` in its sshd_config.',
    error.message,
    error,
  );
}

export function tcpRefused(name: string, host: string, port: number, error: Error): Failure {
  return fail(
    'ssh.unreachable',
    `Node ${name} could not connect to ${host.includes(':') ? `[${host}]` : host}:${port}.`,
    "Check that an SSH server listens there, and that `AllowTcpForwarding` is not `no` in the jump host's sshd_config.",
    error.message,
    error,
  );
}

export function commandRefused(name: string, command: string, error: Error): Failure {
  return fail(
    'ssh.channel',
    `Node ${name} did not run \`${shorten(command)}\`.`,
    "Check that its sshd allows commands for this user, and that the user's login shell exists.",
    error.message,
    error,
  );
}

/**
 * sshd ran something else than our command: a login shell that runs none, or a forced command.
 *
 * @param said what was printed instead
 */
export function shellRefused(name: string, said: string): Failure {
  return fail(
    'ssh.shell',
    `Node ${name}: the login shell of this user does not run commands${quoted(said)}.`,
    'Give the user a login shell on the node that runs commands, such as /bin/sh. If its sshd forces another command (`ForceCommand`, or `command=` in authorized_keys), allow commands for this user.',
    detailOf(said),
  );
}

/** The login shell did not come to our command. */
export function shellTimeout(name: string, said: string, timeoutMs: number): Failure {
  return fail(
    'ssh.shell',
    `Node ${name}: the login shell of this user did not start a command within ${timeoutMs / 1000} s${quoted(said)}.`,
    'Check the start-up files of the shell on the node, such as ~/.bashrc: without a terminal they must not wait for input or start another shell.',
    detailOf(said),
  );
}

function quoted(said: string): string {
  const line = sanitizeLine(said, 120);
  return line === '' ? '' : `, but said "${line}"`;
}

function detailOf(said: string): string | undefined {
  return sanitizeText(said) || undefined;
}

export function commandTimeout(name: string, command: string, timeoutMs: number): Failure {
  return fail(
    'ssh.timeout',
    `Node ${name} did not finish \`${shorten(command)}\` within ${timeoutMs / 1000} s.`,
    'The machine may be overloaded. Try again later.',
  );
}

export function portForwardRefused(name: string, error: unknown): Failure {
  return fail(
    'ssh.forwarding-refused',
    `Node ${name} does not allow reverse port forwarding.`,
    'Set `AllowTcpForwarding yes` (or `remote`) in its sshd_config, and check for `permitlisten` and `restrict` in front of the key in authorized_keys.',
    error instanceof Error ? error.message : String(error),
    error,
  );
}

export function sessionLost(name: string, detail: string): Failure {
  return fail(
    'ssh.lost',
    `Node ${name}: the SSH connection was lost.`,
    'Check that the node is up and that the network is stable, then try again.',
    detail,
  );
}

export function sessionClosed(name: string): Failure {
  return fail('ssh.lost', `Node ${name}: the SSH connection is already closed.`, 'Connect again.');
}

/** A command on one short line. */
function shorten(command: string): string {
  const line = command.trim().replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
