/**
 * An SSH agent with one security key in software. As in OpenSSH's PROTOCOL.u2f, the key signs the hash of its application, flags,
 * a counter and the hash of the data. It needs no touch, which sshd cannot detect.
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { uint32, WireReader, wireMpint, wireString } from '../electron/ssh/authentication/wire.ts';

export interface SecurityKeyAgent {
  readonly socket: string;
  /** A line of an authorized_keys file. */
  readonly publicLine: string;
  stop(): Promise<void>;
}

const application = 'ssh:';
/** The flag for a touch. */
const userPresent = 1;

export async function startSecurityKeyAgent(
  socket: string,
  kind: 'ed25519' | 'ecdsa' = 'ed25519',
): Promise<SecurityKeyAgent> {
  const key = kind === 'ed25519' ? ed25519() : ecdsa();
  let counter = 0;
  const signed = (data: Buffer): Buffer => {
    const flagsAndCounter = Buffer.concat([Buffer.from([userPresent]), uint32(++counter)]);
    const message = Buffer.concat([sha256(application), flagsAndCounter, sha256(data)]);
    return Buffer.concat([wireString(key.type), wireString(key.sign(message)), flagsAndCounter]);
  };
  const answer = (request: WireReader): Buffer => {
    switch (request.byte()) {
      // SSH_AGENTC_REQUEST_IDENTITIES, SSH_AGENT_IDENTITIES_ANSWER
      case 11:
        return Buffer.concat([Buffer.from([12]), uint32(1), wireString(key.wire), wireString('a security key')]);
      // SSH_AGENTC_SIGN_REQUEST, SSH_AGENT_SIGN_RESPONSE or SSH_AGENT_FAILURE
      case 13:
        return request.string().equals(key.wire)
          ? Buffer.concat([Buffer.from([14]), wireString(signed(request.string()))])
          : Buffer.from([5]);
      default:
        return Buffer.from([5]);
    }
  };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client)).on('error', () => {});
    let bytes = Buffer.alloc(0);
    client.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) {
        const end = 4 + bytes.readUInt32BE(0);
        client.write(wireString(answer(new WireReader(bytes.subarray(4, end)))));
        bytes = bytes.subarray(end);
      }
    });
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    publicLine: `${key.type} ${key.wire.toString('base64')} a security key`,
    async stop() {
      for (const client of sockets) {
        client.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}

interface SoftwareKey {
  readonly type: string;
  readonly wire: Buffer;
  readonly sign: (message: Buffer) => Buffer;
}

function ed25519(): SoftwareKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const type = 'sk-ssh-ed25519@openssh.com';
  const wire = [wireString(type), wireString(Buffer.from(x, 'base64url')), wireString(application)];
  return { type, wire: Buffer.concat(wire), sign: (message) => sign(null, message, privateKey) };
}

function ecdsa(): SoftwareKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const wire = [wireString(type), wireString('nistp256'), wireString(point), wireString(application)];
  return {
    type,
    wire: Buffer.concat(wire),
    sign: (message) => {
      const both = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return Buffer.concat([wireMpint(both.subarray(0, 32)), wireMpint(both.subarray(32))]);
    },
  };
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest();
}
