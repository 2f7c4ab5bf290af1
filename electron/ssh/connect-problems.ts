import { foreignLine } from '../../shared/foreign-text.ts';
import { formatList } from '../../shared/format.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import type { Authentication } from './authentication/authentication.ts';
import type { Wanted } from './authentication/credential.ts';
import { passwordSays, promptsSays } from './authentication/prompted-methods.ts';
import { type HostKeyCheck, hostLookup } from './known-hosts.ts';

/** Who is connected to, for sentences. `name` is the connection's. */
export interface Peer {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The name under which its host key is recorded, in place of its address. */
  readonly hostKeyAlias?: string;
}

/** Under what a host's key is recorded. Source: OpenSSH, sshconnect.c, get_hostfile_hostname_ipaddr(). */
export function recordOf({ host, port, hostKeyAlias }: Peer): { readonly host: string; readonly port: number } {
  return hostKeyAlias === undefined ? { host, port } : { host: hostKeyAlias, port: 22 };
}

function address(peer: Peer): string {
  return `${peer.host.includes(':') ? `[${peer.host}]` : peer.host}:${peer.port}`;
}

function byHand(peer: Peer): string {
  return `\`ssh ${peer.port === 22 ? '' : `-p ${peer.port} `}${peer.user}@${peer.host}\``;
}

/** The network did not bring us there, or threw us out before the handshake was over. */
export function unreachable(peer: Peer, error: Error): Failure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const [happened, fix] = reasons[code] ?? [
    'broke off before the SSH handshake was over',
    'Check the host and port, and that an SSH server of this century answers there',
  ];
  return fail(
    'ssh.unreachable',
    `Node ${peer.name}: ${address(peer)} ${happened}.`,
    `${fix}: try ${byHand(peer)}.`,
    error.message || code,
    error,
  );
}

const reasons: Readonly<Record<string, readonly [happened: string, fix: string]>> = {
  ECONNREFUSED: ['refused the connection', 'Check that its SSH server runs and listens on this port'],
  ENOTFOUND: ['is a name that no name server knows', 'Check the spelling of the host'],
  EAI_AGAIN: ['is a name that could not be looked up just now', 'Check the network and its name server'],
  EHOSTUNREACH: ['cannot be reached over the network', 'Check that it is switched on and in a network you can reach'],
  ENETUNREACH: ['is in a network that cannot be reached', 'Check the network, a VPN perhaps'],
  ETIMEDOUT: ['did not answer', 'Check that it is switched on and that no firewall is in the way'],
  ECONNRESET: [
    'closed the connection during the handshake',
    'It may be short of connections (MaxStartups) or refuse this address',
  ],
};

export function noTcp(peer: Peer, seconds: number): Failure {
  return fail(
    'ssh.timeout',
    `Node ${peer.name}: ${address(peer)} did not accept a TCP connection within ${seconds} s.`,
    `Check that it is switched on and that no firewall is in the way: try ${byHand(peer)}.`,
  );
}

export function noHandshake(peer: Peer, seconds: number): Failure {
  return fail(
    'ssh.timeout',
    `Node ${peer.name}: ${address(peer)} accepted the TCP connection, but its SSH handshake was not over within ${seconds} s.`,
    `Check that an SSH server listens on this port and that the machine is not overloaded: try ${byHand(peer)}.`,
  );
}

export function noAuthentication(peer: Peer, seconds: number): Failure {
  return fail(
    'ssh.timeout',
    `Node ${peer.name}: ${address(peer)} did not decide about user ${peer.user} within ${seconds} s.`,
    `A key may wait for its touch or confirmation, or the machine is overloaded: try ${byHand(peer)}.`,
  );
}

/** The server has heard everything that there was to try, or has closed the connection over it. `said` is what it said then. */
export function authenticationRefused(peer: Peer, authentication: Authentication, said?: string): Failure {
  const tried = authentication.tried();
  const accepted = authentication.accepted();
  const what = tried.length > 0 ? `Tried: ${tried.join(', ')}.` : 'There was nothing to try.';
  const accepts = accepted.length > 0 ? ` It accepts ${formatList(accepted)}.` : '';
  const details = [...(said === undefined ? [] : [said]), ...authentication.passedOver()];
  return fail(
    'ssh.authentication',
    `Node ${peer.name}: ${address(peer)} did not let user ${peer.user} in. ${what}${accepts}`,
    waysIn(peer, tried, accepted),
    details.length > 0 ? details.join('\n') : undefined,
  );
}

function waysIn(peer: Peer, tried: readonly string[], accepted: readonly string[]): string {
  const takes = (method: string) => accepted.length === 0 || accepted.includes(method);
  const copyKey = `\`ssh-copy-id${peer.port === 22 ? '' : ` -p ${peer.port}`} ${peer.user}@${peer.host}\``;
  const isAsked = tried.some((way) => way === passwordSays || way === promptsSays);
  const takesSecrets = takes('password') || takes('keyboard-interactive');
  if (!takes('publickey') && !takesSecrets) {
    return 'Barnraiser signs in with keys, passwords and answers to questions: allow `PubkeyAuthentication` or `PasswordAuthentication` in its sshd_config.';
  }
  if (!takes('publickey')) {
    return isAsked
      ? `Check that ${peer.user} is the right user and give the password again: try ${byHand(peer)}. To sign in with a key, allow \`PubkeyAuthentication\` in its sshd_config.`
      : `It wants a password: connect again where you can be asked for it, or allow \`PubkeyAuthentication\` in its sshd_config and copy a key there.`;
  }
  const key = `copy your public key there with ${copyKey}, or name the right key as the connection's identity.`;
  return isAsked || tried.length > 0
    ? `Check that ${peer.user} is the right user there, or ${key}`
    : `${key.charAt(0).toUpperCase()}${key.slice(1)}`;
}

/** The node hung up while a person was still asked for a secret. */
export function hungUpWhileAsking(peer: Peer, wanted: Wanted, said?: string): Failure {
  const what = {
    passphrase: 'the passphrase',
    password: 'the password',
    prompts: 'the answer to its question',
  }[wanted.kind];
  return fail(
    'ssh.authentication',
    `Node ${peer.name}: ${address(peer)} closed the connection before ${what} was given.`,
    'Connect again and answer sooner: servers wait two minutes by default (LoginGraceTime).',
    said,
  );
}

export function mustChangePassword(peer: Peer, prompt: string): Failure {
  return fail(
    'ssh.authentication',
    `Node ${peer.name}: the password of ${peer.user} has expired on ${address(peer)}.`,
    `Set a new one there by hand, and connect again: ${byHand(peer)}.`,
    foreignLine(prompt) || undefined,
  );
}

/** A key that is not `known`; `unknown` ones when nobody wanted to trust them. */
export function hostKeyRefused(peer: Peer, check: Exclude<HostKeyCheck, { kind: 'known' }>): Failure {
  const shows = `Node ${peer.name}: ${address(peer)} shows the ${check.keyType} host key ${check.fingerprint}`;
  switch (check.kind) {
    case 'unknown':
      return fail(
        'ssh.host-key-unknown',
        `${shows}, which this computer does not know.`,
        `Compare the fingerprint with that of the machine itself (\`ssh-keygen -lf /etc/ssh/ssh_host_${fileType(check.keyType)}_key.pub\` there). If it is the same, trust it: answer yes, or use \`--accept-new-host-keys\`.`,
      );
    case 'changed': {
      const places = check.expected.map((key) => `${key.fingerprint} (${key.keyType}, ${key.file}:${key.line})`);
      const files = [...new Set(check.expected.map((key) => key.file))];
      const record = recordOf(peer);
      const forget = files.map((file) => `\`ssh-keygen -R '${hostLookup(record.host, record.port)}' -f ${file}\``);
      return fail(
        'ssh.host-key-changed',
        `${shows}, but ${places.join(' and ')} is recorded for it.`,
        `Somebody may be listening in, or the machine was set up anew. Only if you know that it was, forget the old key with ${forget.join(' and ')} and connect again.`,
        detailOf(check),
      );
    }
    case 'revoked':
      return fail(
        'ssh.host-key-revoked',
        `${shows}, which is revoked in ${check.revokedBy.file}:${check.revokedBy.line}.`,
        'Do not use this machine until its host key has been replaced: whoever revoked the key holds it for stolen.',
      );
  }
}

/** What a person should know about the key of a host for which certificate authorities are recorded: we check no certificates. */
export function authorityNotes(check: HostKeyCheck): readonly string[] {
  return (check.kind === 'unknown' || check.kind === 'changed' ? check.authorities : []).map(
    ({ file, line, fingerprint }) =>
      `${file}:${line} has a certificate authority (${fingerprint}) vouch for this host. Barnraiser cannot check certificates, so the host's own key decides.`,
  );
}

function detailOf(check: HostKeyCheck): string | undefined {
  const notes = authorityNotes(check);
  return notes.length > 0 ? notes.join('\n') : undefined;
}

/** OpenSSH's name for a key type in `/etc/ssh/ssh_host_<type>_key.pub`. */
function fileType(keyType: string): string {
  return keyType.startsWith('ecdsa') ? 'ecdsa' : keyType.replace(/^ssh-/, '');
}

/** The node hung up while somebody was still thinking about its host key. */
export function hungUpWhileDeciding(peer: Peer): Failure {
  return fail(
    'ssh.host-key-unknown',
    `Node ${peer.name}: ${address(peer)} closed the connection before its host key was decided about.`,
    'Connect again: servers wait two minutes by default (LoginGraceTime).',
  );
}
