import type { Client, ParsedKey } from 'ssh2';
import utils from 'ssh2/lib/protocol/utils.js';
import { type SignAtOnce, signerAtOnce } from './single-key-agent.ts';
import { wireString } from './wire.ts';

/** The parts of ssh2's Protocol that write requests and read responses. ssh2 does not document them. */
interface SshProtocol {
  service: (name: string) => void;
  authPK: (username: string, key: ParsedKey, algorithm: string | undefined, sign?: SignRequest) => void;
  readonly _handlers: {
    SERVICE_ACCEPT: (protocol: SshProtocol, service: string) => void;
    USERAUTH_FAILURE: (protocol: SshProtocol, methodsLeft: readonly string[], partial: boolean) => void;
  };
  readonly _kex: { readonly sessionID: Buffer };
  readonly _authsQueue: string[];
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer };
  };
}

/** @param done gets the signature in wire format. */
type SignRequest = (data: Buffer, done: (signature: Buffer) => void) => void;

/** What the server has answered to a request that did not complete the sign-in. */
export interface Refusal {
  readonly methodsLeft: readonly string[];
  /** The request was correct, but the server requires a further method. */
  readonly partial: boolean;
}

/** SSH_MSG_USERAUTH_REQUEST. Source: RFC 4252, section 7. */
const requestMessage = 50;

/** The hashes of the algorithms that one kind of key can sign with. */
const hashes: Readonly<Record<string, string>> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' };

/**
 * Changes how a client signs in. To be called after `client.connect`. The e2e tests show that sshd accepts the result.
 * - Signatures are sent as the signer has made them, in wire format: the name of the algorithm, the signature, and for
 *   security keys flags and a counter. ssh2 1.17 (Protocol.js, authPK) writes the name of the request's algorithm into
 *   the signature, which is wrong for certificates, and has no place for the flags and the counter (OpenSSH,
 *   PROTOCOL.certkeys and PROTOCOL.u2f).
 * - Two round trips are saved. The first request does not wait until the server has accepted the service. A key that
 *   signs at once is sent with its signature; the server is not asked before whether it accepts the key.
 *
 * @returns a function that returns the last refusal, once. ssh2 does not report what a server answers to an agent's key.
 */
export function adaptSignIn(client: Client): () => Refusal | undefined {
  const protocol: unknown = Reflect.get(client, '_protocol');
  if (!isProtocol(protocol)) {
    throw new Error('This version of ssh2 writes sign-in requests in another way.');
  }
  const handlers = protocol._handlers;
  const requestService = protocol.service.bind(protocol);
  protocol.service = (name) => {
    requestService(name);
    handlers.SERVICE_ACCEPT(protocol, name);
    handlers.SERVICE_ACCEPT = () => undefined;
  };
  let refusal: Refusal | undefined;
  const onFailure = handlers.USERAUTH_FAILURE;
  handlers.USERAUTH_FAILURE = (from, methodsLeft, partial) => {
    refusal = { methodsLeft, partial };
    onFailure(from, methodsLeft, partial);
  };
  const askForKey = protocol.authPK.bind(protocol);
  protocol.authPK = (username, key, algorithm = key.type, sign) => {
    const request = Buffer.concat([
      Buffer.from([requestMessage]),
      ...[username, 'ssh-connection', 'publickey'].map(wireString),
      Buffer.from([1]),
      wireString(algorithm),
      wireString(key.getPublicSSH()),
    ]);
    const send = (signature: Buffer) => {
      const payload = Buffer.concat([request, wireString(signature)]);
      const { write } = protocol._packetRW;
      const start = write.allocStart;
      const packet = write.alloc(payload.length);
      packet.set(payload, start);
      // by this, ssh2 finds out which request an answer belongs to
      protocol._authsQueue.push('publickey');
      utils.sendPacket(protocol, write.finalize(packet));
    };
    const data = Buffer.concat([wireString(protocol._kex.sessionID), request]);
    if (sign) {
      sign(data, send);
      return;
    }
    const signature = tryToSign(signerAtOnce(key), data, hashes[algorithm]);
    if (signature) {
      send(signature);
    } else {
      askForKey(username, key, algorithm);
    }
  };
  return () => {
    const last = refusal;
    refusal = undefined;
    return last;
  };
}

/** @returns undefined also if the key cannot sign, which ssh2 notices itself once the server has accepted the key */
function tryToSign(sign: SignAtOnce | undefined, data: Buffer, hash: string | undefined): Buffer | undefined {
  try {
    return sign?.(data, hash);
  } catch {
    return undefined;
  }
}

function isProtocol(value: unknown): value is SshProtocol {
  return (
    hasParts(value, ['service', 'authPK', '_handlers', '_kex', '_authsQueue', '_packetRW']) &&
    hasParts(Reflect.get(value, '_handlers'), ['SERVICE_ACCEPT', 'USERAUTH_FAILURE'])
  );
}

function hasParts(value: unknown, names: readonly string[]): value is object {
  return typeof value === 'object' && value !== null && names.every((name) => name in value);
}
