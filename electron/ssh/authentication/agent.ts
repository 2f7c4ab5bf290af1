import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { abortable } from '../../system/abortable.ts';
import { keyTypeOf } from '../public-key.ts';
import { type Certificate, isCertificate, parseCertificate } from './certificate.ts';
import { uint32, WireReader, wireString } from './wire.ts';

/** A key that an agent holds. */
export interface AgentKey {
  readonly type: string;
  /** In wire format. The whole certificate, if it is one. */
  readonly publicKey: Buffer;
  readonly certificate?: Certificate;
}

/** Message numbers and flags of the agent protocol. Source: RFC draft-ietf-sshm-ssh-agent, sections 6 and 7. */
export const agentMessages = { failure: 5, listKeys: 11, keys: 12, sign: 13, signature: 14 } as const;
const message = agentMessages;
export const signFlags: Readonly<Record<string, number>> = { sha256: 2, sha512: 4 };

/** A longer answer does not come from an agent. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** An agent that hangs must not delay the key files. */
const listTimeoutMs = 5_000;

/** The key types that can sign in here, besides certificates. */
const usableTypes: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]);

/**
 * A client of an SSH agent: a program that holds keys and signs with them. ssh2 opens the stream to it (socket, named
 * pipe, Pageant, Cygwin). ssh2's own client is not used, because it drops the keys that its parser does not know: those
 * of security keys.
 */
export class Agent {
  readonly #agent: ssh2.BaseAgent;

  /** @param socket the path of a socket or named pipe, or `pageant`. */
  constructor(socket: string) {
    this.#agent = ssh2.createAgent(socket);
  }

  /** The keys that can sign in; undefined where no agent answers. */
  async list(): Promise<readonly AgentKey[] | undefined> {
    try {
      const answer = await this.#request(message.listKeys, Buffer.alloc(0), AbortSignal.timeout(listTimeoutMs));
      if (answer.byte() !== message.keys) {
        return undefined;
      }
      const count = answer.uint32();
      const keys: AgentKey[] = [];
      for (let index = 0; index < count; index++) {
        const publicKey = answer.string();
        answer.string();
        keys.push(...usableKey(publicKey));
      }
      return keys;
    } catch {
      return undefined;
    }
  }

  /**
   * Returns a signature in wire format. May wait for the touch of a security key.
   * @param hash only for RSA keys.
   * @param signal ends the wait.
   * @throws Error where the agent refuses to sign; the reason of the signal
   */
  async sign({ type, publicKey }: AgentKey, data: Buffer, hash?: string, signal?: AbortSignal): Promise<Buffer> {
    const flags = type.startsWith('ssh-rsa') ? (signFlags[hash ?? ''] ?? 0) : 0;
    const body = Buffer.concat([wireString(publicKey), wireString(data), uint32(flags)]);
    const answer = await this.#request(message.sign, body, signal);
    if (answer.byte() !== message.signature) {
      throw new Error('The agent refused to sign.');
    }
    return answer.string();
  }

  /** Sends a message and returns the answer, both without their lengths. @throws Error where no agent answers */
  async forward(request: Buffer): Promise<Buffer> {
    return (await this.#request(request.readUInt8(0), request.subarray(1))).rest();
  }

  async #request(kind: number, body: Buffer, signal?: AbortSignal): Promise<WireReader> {
    const opening = this.#open();
    let stream: Duplex;
    try {
      stream = await (signal ? abortable(signal, opening) : opening);
    } catch (error) {
      // an agent that is reached too late is not needed any more
      opening.then(
        (late) => late.destroy(),
        () => undefined,
      );
      throw error;
    }
    try {
      stream.write(Buffer.concat([uint32(1 + body.length), Buffer.from([kind]), body]));
      return await (signal ? abortable(signal, readAnswer(stream)) : readAnswer(stream));
    } finally {
      stream.destroy();
    }
  }

  #open(): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const { getStream } = this.#agent;
      if (!getStream) {
        reject(new Error('This agent cannot be reached.'));
        return;
      }
      getStream.call(this.#agent, (error, stream) => {
        if (error || !stream) {
          reject(error ?? new Error('The agent could not be reached.'));
          return;
        }
        // the reader gets the error from the stream's state
        stream.on('error', () => {});
        resolve(stream);
      });
    });
  }
}

function usableKey(publicKey: Buffer): AgentKey[] {
  const type = keyTypeOf(publicKey);
  if (!isCertificate(publicKey)) {
    return usableTypes.has(type) ? [{ type, publicKey }] : [];
  }
  try {
    return [{ type, publicKey, certificate: parseCertificate(publicKey, 'a certificate from the agent') }];
  } catch {
    return [];
  }
}

async function readAnswer(stream: Duplex): Promise<WireReader> {
  let bytes = Buffer.alloc(0);
  const ended = once(stream, 'close').then(() => {
    throw stream.errored ?? new Error('The agent closed the connection.');
  });
  const answered = new Promise<WireReader>((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const length = bytes.length < 4 ? undefined : bytes.readUInt32BE(0);
      if (length !== undefined && length > maxAnswerBytes) {
        reject(new Error('The answer is not that of an agent.'));
      } else if (length !== undefined && bytes.length >= 4 + length) {
        resolve(new WireReader(bytes.subarray(4, 4 + length)));
      }
    });
    // an agent may end the stream without closing it
    stream.on('end', () => reject(new Error('The agent closed the connection.')));
  });
  ended.catch(() => {});
  return Promise.race([answered, ended]);
}

/** The named pipe of Windows' own OpenSSH agent. */
const windowsPipe = '\\\\.\\pipe\\openssh-ssh-agent';

/**
 * The agents to try, in their order: the given one, else that of `$SSH_AUTH_SOCK`, else on Windows those of OpenSSH and
 * PuTTY. An empty string means none.
 */
export function agentSockets(
  chosen: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): readonly string[] {
  const socket = chosen ?? environment.SSH_AUTH_SOCK;
  if (socket !== undefined) {
    return socket === '' ? [] : [socket];
  }
  return platform === 'win32' ? [windowsPipe, 'pageant'] : [];
}
