import type { Client, ParsedKey } from 'ssh2';
import utils from 'ssh2/lib/protocol/utils.js';
import { wireString } from './wire.ts';

/** The parts of ssh2's Protocol that a request is written with. ssh2 does not document them. */
interface SshProtocol {
  authPK: (username: string, key: ParsedKey, algorithm: string | undefined, sign?: SignRequest) => void;
  readonly _kex: { readonly sessionID: Buffer };
  readonly _authsQueue: string[];
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer };
  };
}

/** @param done gets the signature in wire format. */
type SignRequest = (data: Buffer, done: (signature: Buffer) => void) => void;

/** SSH_MSG_USERAUTH_REQUEST. Source: RFC 4252, section 7. */
const requestMessage = 50;

/**
 * Makes a client send signatures as the signer has made them, in wire format: the name of the algorithm, the signature,
 * and for security keys flags and a counter. ssh2 1.17 (Protocol.js, authPK) writes the name of the request's algorithm
 * into the signature, which is wrong for certificates, and has no place for the flags and the counter (OpenSSH,
 * PROTOCOL.certkeys and PROTOCOL.u2f). To be called after `client.connect`. The e2e tests show that sshd accepts the
 * result.
 */
export function sendSignaturesWhole(client: Client): void {
  const protocol: unknown = Reflect.get(client, '_protocol');
  if (!isProtocol(protocol)) {
    throw new Error('This version of ssh2 writes sign-in requests in another way.');
  }
  const askForKey = protocol.authPK.bind(protocol);
  protocol.authPK = (username, key, algorithm = key.type, sign) => {
    if (!sign) {
      askForKey(username, key, algorithm);
      return;
    }
    const request = Buffer.concat([
      Buffer.from([requestMessage]),
      ...[username, 'ssh-connection', 'publickey'].map(wireString),
      Buffer.from([1]),
      wireString(algorithm),
      wireString(key.getPublicSSH()),
    ]);
    sign(Buffer.concat([wireString(protocol._kex.sessionID), request]), (signature) => {
      const payload = Buffer.concat([request, wireString(signature)]);
      const { write } = protocol._packetRW;
      const start = write.allocStart;
      const packet = write.alloc(payload.length);
      packet.set(payload, start);
      // by this, ssh2 finds out which request an answer belongs to
      protocol._authsQueue.push('publickey');
      utils.sendPacket(protocol, write.finalize(packet));
    });
  };
}

function isProtocol(value: unknown): value is SshProtocol {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['authPK', '_kex', '_authsQueue', '_packetRW'].every((name) => name in value)
  );
}
