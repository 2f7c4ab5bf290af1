import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { keyTypeOf } from '../known-hosts.ts';
import { securityKeySignature } from './security-key.ts';
import { uint32, WireReader, wireString } from './wire.ts';

/** A key that an agent holds. */
export interface AgentKey {
  readonly type: string;
  /** In wire format. */
  readonly publicKey: Buffer;
}

/** Numbers of the agent's protocol. Source: RFC draft-ietf-sshm-ssh-agent, sections 6 and 7. */
const message = { listKeys: 11, keys: 12, sign: 13, signature: 14 } as const;
const signFlags: Readonly<Record<string, number>> = { sha256: 2, sha512: 4 };

/** More is no answer of an agent. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** An agent that is stuck must not hold up the key files. */
const listTimeoutMs = 5_000;

/** Those that are usable for signing in; certificates are not among them. */
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
 * A program that holds keys and signs with them. ssh2's own client of the protocol drops the keys that its parser does not
 * know, those of security keys; its ways to reach an agent (socket, named pipe, Pageant, Cygwin) are used here.
 */
export class Agent {
  readonly #agent: ssh2.BaseAgent;

  /** @param socket the path of a socket or named pipe, or `pageant`. */
  constructor(socket: string) {
    this.#agent = ssh2.createAgent(socket);
  }

  /** The keys that can sign in; undefined where nobody answers. */
  async list(): Promise<readonly AgentKey[] | undefined> {
    try {
      const answer = await this.#ask(message.listKeys, Buffer.alloc(0), AbortSignal.timeout(listTimeoutMs));
      if (answer.byte() !== message.keys) {
        return undefined;
      }
      const count = answer.uint32();
      const keys: AgentKey[] = [];
      for (let index = 0; index < count; index++) {
        const publicKey = answer.string();
        answer.string();
        keys.push({ type: keyTypeOf(publicKey), publicKey });
      }
      return keys.filter(({ type }) => usableTypes.has(type));
    } catch {
      return undefined;
    }
  }

  /**
   * The signature, without the name of its algorithm, as ssh2 wants it. May wait for the touch of a security key.
   * @param hash for RSA keys. @throws Error where the agent refuses
   */
  async sign({ type, publicKey }: AgentKey, data: Buffer, hash?: string): Promise<Buffer> {
    const flags = type === 'ssh-rsa' ? (signFlags[hash ?? ''] ?? 0) : 0;
    const body = Buffer.concat([wireString(publicKey), wireString(data), uint32(flags)]);
    const answer = await this.#ask(message.sign, body);
    if (answer.byte() !== message.signature) {
      throw new Error('The agent refused to sign.');
    }
    const signature = new WireReader(answer.string());
    signature.string();
    const bytes = signature.string();
    const more = signature.rest();
    return more.length > 0 ? securityKeySignature(bytes, more) : bytes;
  }

  async #ask(kind: number, body: Buffer, signal?: AbortSignal): Promise<WireReader> {
    const stream = await this.#open();
    const giveUp = () => stream.destroy(new Error('The agent does not answer.'));
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      stream.write(Buffer.concat([uint32(1 + body.length), Buffer.from([kind]), body]));
      return await readAnswer(stream);
    } finally {
      signal?.removeEventListener('abort', giveUp);
      stream.destroy();
    }
  }

  #open(): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const { getStream } = this.#agent;
      if (!getStream) {
        reject(new Error('There is no way to this agent.'));
        return;
      }
      getStream.call(this.#agent, (error, stream) => {
        if (error || !stream) {
          reject(error ?? new Error('The agent was not reached.'));
          return;
        }
        // what goes wrong is seen by whoever reads
        stream.on('error', () => {});
        resolve(stream);
      });
    });
  }
}

async function readAnswer(stream: Duplex): Promise<WireReader> {
  let bytes = Buffer.alloc(0);
  const ended = once(stream, 'close').then(() => {
    throw stream.errored ?? new Error('The agent hung up.');
  });
  const answered = new Promise<WireReader>((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const length = bytes.length < 4 ? undefined : bytes.readUInt32BE(0);
      if (length !== undefined && length > maxAnswerBytes) {
        reject(new Error('The agent answers something else.'));
      } else if (length !== undefined && bytes.length >= 4 + length) {
        resolve(new WireReader(bytes.subarray(4, 4 + length)));
      }
    });
    // an agent that ends without closing has nothing more to say
    stream.on('end', () => reject(new Error('The agent hung up.')));
  });
  ended.catch(() => {});
  return Promise.race([answered, ended]);
}

/** Where Windows' own OpenSSH agent listens. */
const windowsPipe = '\\\\.\\pipe\\openssh-ssh-agent';

/**
 * The agents to look for, in this order: the one that is named, else `$SSH_AUTH_SOCK`, else on Windows its OpenSSH's and
 * PuTTY's. An empty name means none.
 */
export function agentSockets(
  named: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): readonly string[] {
  const socket = named ?? environment.SSH_AUTH_SOCK;
  if (socket !== undefined) {
    return socket === '' ? [] : [socket];
  }
  return platform === 'win32' ? [windowsPipe, 'pageant'] : [];
}
