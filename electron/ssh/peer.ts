/** The host at the other end of a connection. */
export interface Peer {
  /** The connection's name, for messages. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The name under which the host's key is recorded, in place of its address. */
  readonly hostKeyAlias?: string;
}

/**
 * The host and port under which the host's key is recorded. Source: OpenSSH, sshconnect.c,
 * get_hostfile_hostname_ipaddr().
 */
export function hostKeyRecord({ host, port, hostKeyAlias }: Peer): { readonly host: string; readonly port: number } {
  return hostKeyAlias === undefined ? { host, port } : { host: hostKeyAlias, port: 22 };
}

export function formatAddress({ host, port }: Peer): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The command that connects by hand, in backticks. */
export function sshCommand({ host, port, user }: Peer): string {
  return `\`ssh ${port === 22 ? '' : `-p ${port} `}${user}@${host}\``;
}
