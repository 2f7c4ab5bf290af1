import type { Duplex } from 'node:stream';
import type { AuthenticationOptions } from './authentication/authentication.ts';
import type { KnownHosts } from './known-hosts/known-hosts.ts';
import type { Peer } from './peer.ts';

/** A host key that no file records. `name`, `host` and `port` are those of the {@link Peer}. */
export interface UnknownHostKey {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Where the key is to be recorded: the host's address, or its HostKeyAlias, which has no port. */
  readonly recordedAs: { readonly host: string; readonly port: number };
  readonly keyType: string;
  readonly fingerprint: string;
  /** In wire format. */
  readonly key: Buffer;
  /** Further facts for the decision, as sentences. */
  readonly notes: readonly string[];
  /** Whether the SSH configuration asks for hashed host names in known_hosts files (HashKnownHosts). */
  readonly hashName: boolean;
}

export interface ConnectOptions extends Peer, Omit<AuthenticationOptions, keyof Peer | 'home'> {
  readonly knownHosts: KnownHosts;
  /** The SSH configuration's HashKnownHosts. */
  readonly hashKnownHosts?: boolean;
  /**
   * Decides about a key that no file records, without a time limit. It also saves the key that it accepts. The signal
   * aborts when the decision is no longer needed.
   */
  readonly decideHostKey: (key: UnknownHostKey, signal: AbortSignal) => Promise<boolean>;
  readonly signal?: AbortSignal;
  /** A stream that leads to the host, in place of a TCP connection of our own. */
  readonly stream?: Duplex;
  readonly timing?: Partial<ConnectTiming>;
  readonly onProgress?: (progress: ConnectProgress) => void;
}

/** A stage that has succeeded. A connection over a stream from another session reports no addresses and no port. */
export type ConnectProgress =
  | { readonly kind: 'resolved'; readonly addresses: readonly string[] }
  | { readonly kind: 'connected'; readonly address: string }
  /** A ProxyCommand was started. It looks up the host by itself. */
  | { readonly kind: 'started'; readonly command: string }
  /** The ProxyCommand has sent its first data. */
  | { readonly kind: 'answered'; readonly command: string }
  /** `accepted`: no file records the key, and a person has just trusted it. */
  | {
      readonly kind: 'host-key';
      readonly keyType: string;
      readonly fingerprint: string;
      readonly how: 'known' | 'accepted';
    }
  /** `by` names the last method that was tried, such as "the key file ~/.ssh/id_ed25519". */
  | { readonly kind: 'signed-in'; readonly by: string };

export interface ConnectTiming {
  /** For the TCP connection, and again for the handshake. */
  readonly connectMs: number;
  /** For the sign-in, which may wait for the touch of a hardware key. Stops while a person is prompted. */
  readonly authenticateMs: number;
  /** The time between two keep-alive requests. */
  readonly keepAliveIntervalMs: number;
  /** How many intervals in a row may pass without any data from the node. */
  readonly maxKeepAliveMisses: number;
}

/**
 * Detects a dead node within 14 s: its last data may arrive just after a request was sent, and then 3 intervals pass in
 * silence.
 */
export const defaultTiming: ConnectTiming = {
  connectMs: 15_000,
  authenticateMs: 60_000,
  keepAliveIntervalMs: 3_500,
  maxKeepAliveMisses: 3,
};
