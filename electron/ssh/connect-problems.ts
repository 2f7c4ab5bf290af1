/** The failures of connecting, signing in and checking a host key. */
import { formatList, pluralText } from '../../shared/format.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { errnoCode } from '../system/file-errors.ts';
import type { MethodSequence } from './authentication/method-sequence.ts';
import { keyboardInteractiveLabel, passwordLabel } from './authentication/prompted-methods.ts';
import type { SecretRequest } from './authentication/secret-request.ts';
import { knownHostsName } from './known-hosts/entries.ts';
import type { HostKeyCheck } from './known-hosts/known-hosts.ts';
import { formatAddress, hostKeyRecord, type Peer, sshCommand } from './peer.ts';

/** The network did not lead to the host, or the connection broke before the handshake was complete. */
export function unreachable(peer: Peer, error: Error): Failure {
  const code = errnoCode(error) ?? '';
  const [what, fix] = unreachableReasons[code] ?? [
    'closed the connection before the SSH handshake was complete',
    'Check the host and port, and that a current SSH server listens there.',
  ];
  return fail(
    'ssh.unreachable',
    `Node ${peer.name}: ${formatAddress(peer)} ${what}.`,
    `${fix} ${testBy(peer)}`,
    error.message || code,
    error,
  );
}

/** By error code: what the host did, and what to do about it. */
export const unreachableReasons: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  ECONNREFUSED: ['refused the connection', 'Check that its SSH server is running and listens on this port.'],
  ENOTFOUND: ['was not found (DNS lookup failed)', 'Check the spelling of the host name.'],
  EAI_AGAIN: ['could not be looked up (DNS is not responding)', 'Check the network and its DNS server.'],
  EHOSTUNREACH: [
    'cannot be reached over the network',
    'Check that the machine is switched on and on a network that you can reach.',
  ],
  ENETUNREACH: [
    'is on a network that cannot be reached',
    'Check your network connection. You may have to connect to a VPN.',
  ],
  ETIMEDOUT: ['did not respond', 'Check that the machine is switched on and that no firewall blocks the port.'],
  ECONNRESET: [
    'closed the connection during the handshake',
    'The server may have too many connections (MaxStartups) or refuse your address.',
  ],
};

export function tcpTimeout(peer: Peer, timeoutMs: number): Failure {
  return fail(
    'ssh.timeout',
    `Node ${peer.name}: ${formatAddress(peer)} did not accept a TCP connection within ${timeoutMs / 1000} s.`,
    `Check that the machine is switched on and that no firewall blocks the port. ${testBy(peer)}`,
  );
}

export function handshakeTimeout(peer: Peer, timeoutMs: number): Failure {
  return fail(
    'ssh.timeout',
    `Node ${peer.name}: ${formatAddress(peer)} accepted the TCP connection but did not complete the SSH handshake within ${timeoutMs / 1000} s.`,
    `Check that an SSH server listens on this port and that the machine is not overloaded. ${testBy(peer)}`,
  );
}

export function authenticationTimeout(peer: Peer, timeoutMs: number): Failure {
  return fail(
    'ssh.timeout',
    `Node ${peer.name}: ${formatAddress(peer)} did not sign in user ${peer.user} within ${timeoutMs / 1000} s.`,
    `A key may be waiting for a touch or a confirmation, or the machine may be overloaded. ${testBy(peer)}`,
  );
}

/**
 * The server has refused every method, or has closed the connection during the sign-in.
 * @param detail the reason that it gave for closing.
 */
export function authenticationRefused(peer: Peer, authentication: MethodSequence, detail?: string): Failure {
  const tried = authentication.tried();
  const accepted = authentication.accepted();
  const what = tried.length > 0 ? `Tried: ${tried.join(', ')}.` : 'There was no key or password to try.';
  const accepts = accepted.length > 0 ? ` The server accepts ${formatList(accepted)}.` : '';
  const certificates = authentication.certificateNotes();
  const details = [...(detail === undefined ? [] : [detail]), ...authentication.skipped()];
  return fail(
    'ssh.authentication',
    `Node ${peer.name}: ${formatAddress(peer)} refused to sign in user ${peer.user}. ${what}${accepts}${certificates.map((note) => ` ${note}`).join('')}`,
    certificates.length > 0 ? newCertificateFix(peer) : signInFix(peer, tried, accepted),
    details.length > 0 ? details.join('\n') : undefined,
  );
}

function newCertificateFix(peer: Peer): string {
  return `Ask for a new certificate for ${peer.user}. \`ssh-keygen -L -f FILE\` shows what one is valid for. Or sign in with another key: ${testBy(peer)}`;
}

function signInFix(peer: Peer, tried: readonly string[], accepted: readonly string[]): string {
  const accepts = (method: string) => accepted.length === 0 || accepted.includes(method);
  const copyKey = `\`ssh-copy-id${peer.port === 22 ? '' : ` -p ${peer.port}`} ${peer.user}@${peer.host}\``;
  const hasPrompted = tried.some((label) => label === passwordLabel || label === keyboardInteractiveLabel);
  const acceptsSecrets = accepts('password') || accepts('keyboard-interactive');
  if (!accepts('publickey') && !acceptsSecrets) {
    return 'Barnraiser signs in with keys, passwords and answers to prompts. Allow `PubkeyAuthentication` or `PasswordAuthentication` in its sshd_config.';
  }
  if (!accepts('publickey')) {
    return hasPrompted
      ? `Check that ${peer.user} is the right user, and enter the password again. To sign in with a key, allow \`PubkeyAuthentication\` in its sshd_config. ${testBy(peer)}`
      : 'The server requires a password. Connect again where Barnraiser can ask you for it, or allow `PubkeyAuthentication` in its sshd_config and copy a key there.';
  }
  const useKey = `copy your public key to the node with ${copyKey}, or choose another key as the connection's identity.`;
  return tried.length > 0
    ? `Check that ${peer.user} is the right user, or ${useKey}`
    : `Make a key with \`ssh-keygen -t ed25519\` if you have none, then ${useKey}`;
}

/** The node closed the connection while a person was being asked for a secret. */
export function closedDuringPrompt(peer: Peer, request: SecretRequest, detail?: string): Failure {
  const what = {
    passphrase: 'the passphrase was entered',
    password: 'the password was entered',
    prompts: 'its prompt was answered',
  }[request.kind];
  return fail(
    'ssh.authentication',
    `Node ${peer.name}: ${formatAddress(peer)} closed the connection before ${what}.`,
    'Connect again and answer sooner. Servers wait two minutes by default (LoginGraceTime).',
    detail,
  );
}

export function passwordExpired(peer: Peer, prompt: string): Failure {
  return fail(
    'ssh.authentication',
    `Node ${peer.name}: the password of ${peer.user} on ${formatAddress(peer)} has expired.`,
    `Set a new one with ${sshCommand(peer)}, then connect again.`,
    sanitizeLine(prompt) || undefined,
  );
}

/** A host key that is not recorded as trusted, or that a person did not accept. */
export function hostKeyRefused(peer: Peer, check: Exclude<HostKeyCheck, { kind: 'known' }>): Failure {
  const shows = `Node ${peer.name}: ${formatAddress(peer)} shows the ${check.keyType} host key ${check.fingerprint}`;
  switch (check.kind) {
    case 'unknown':
      return fail(
        'ssh.host-key-unknown',
        [`${shows}, which this computer does not know.`, ...authorityNotes(check)].join(' '),
        `Compare the fingerprint with the one that \`ssh-keygen -lf /etc/ssh/ssh_host_${fileType(check.keyType)}_key.pub\` prints on the machine itself. If they match, trust the key.`,
      ).offering({ id: 'trust-host-keys' });
    case 'changed': {
      const recorded = check.expected.map((key) => `${key.fingerprint} (${key.keyType}, ${key.file}:${key.line})`);
      const files = [...new Set(check.expected.map((key) => key.file))];
      const { host, port } = hostKeyRecord(peer);
      const remove = files.map((file) => `\`ssh-keygen -R '${knownHostsName(host, port)}' -f ${file}\``);
      const keys = formatList(recorded);
      return fail(
        'ssh.host-key-changed',
        pluralText(
          recorded.length,
          `${shows}, but the recorded key is ${keys}.`,
          `${shows}, but the recorded keys are ${keys}.`,
        ),
        `Someone may be intercepting the connection, or the machine was reinstalled. Only if you know that it was reinstalled, remove the old key with ${remove.join(' and ')} and connect again.`,
        notesOf(check),
      );
    }
    case 'revoked':
      return fail(
        'ssh.host-key-revoked',
        `${shows}, which is revoked in ${check.revokedBy.file}:${check.revokedBy.line}.`,
        'Do not use this machine until its host key has been replaced. A revoked key may have been stolen.',
      );
  }
}

/** One note for each certificate authority that is recorded for the host. Certificates are not checked here. */
export function authorityNotes(check: HostKeyCheck): readonly string[] {
  return (check.kind === 'unknown' || check.kind === 'changed' ? check.authorities : []).map(
    ({ file, line, fingerprint }) =>
      `${file}:${line} trusts this host by a certificate authority (${fingerprint}), which Barnraiser cannot check. It checks the host's own key instead.`,
  );
}

function notesOf(check: HostKeyCheck): string | undefined {
  const notes = authorityNotes(check);
  return notes.length > 0 ? notes.join('\n') : undefined;
}

/** OpenSSH's name for a key type in `/etc/ssh/ssh_host_<type>_key.pub`. */
function fileType(keyType: string): string {
  return keyType.startsWith('ecdsa') ? 'ecdsa' : keyType.replace(/^ssh-/, '');
}

/** The node closed the connection while a person was deciding about its host key. */
export function closedDuringHostKeyDecision(peer: Peer): Failure {
  return fail(
    'ssh.host-key-unknown',
    `Node ${peer.name}: ${formatAddress(peer)} closed the connection before you decided about its host key.`,
    'Connect again. Servers wait two minutes by default (LoginGraceTime).',
  );
}

function testBy(peer: Peer): string {
  return `To test the connection, run ${sshCommand(peer)}.`;
}
