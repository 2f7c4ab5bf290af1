/**
 * SSH agents for others: who reaches one may list keys and sign with them, and nothing else. Nothing can be added to an agent or
 * removed from it, and private keys do not leave this computer.
 */
import { Agent, agentMessages, agentSockets, signFlags } from './agent.ts';
import type { PrivateKey } from './private-key.ts';
import { uint32, WireReader, wireString } from './wire.ts';

/** OpenSSH's limit for a message. In bytes. */
const maxMessageBytes = 256 * 1024;

export interface ForwardedAgent {
  /** The answer to a message, both without their lengths. Never rejects. */
  answer(message: Buffer): Promise<Buffer>;
}

const refusal = Buffer.from([agentMessages.failure]);

/**
 * The agent of a person.
 * @param socket undefined for that of the environment
 * @returns undefined where no agent answers
 */
export async function personsAgent(socket: string | undefined): Promise<ForwardedAgent | undefined> {
  for (const each of agentSockets(socket)) {
    const agent = new Agent(each);
    if (await agent.list()) {
      return {
        answer: (message) =>
          message[0] === agentMessages.listKeys || message[0] === agentMessages.sign
            ? agent.forward(message).catch(() => refusal)
            : Promise.resolve(refusal),
      };
    }
  }
  return undefined;
}

/** An agent that holds only these keys. */
export function agentOfKeys(keys: readonly PrivateKey[]): ForwardedAgent {
  return {
    answer: async (message) => {
      try {
        return answerWith(keys, new WireReader(message));
      } catch {
        return refusal;
      }
    },
  };
}

/** @throws RangeError for a message that ends too early, Error for a key that cannot sign so */
function answerWith(keys: readonly PrivateKey[], message: WireReader): Buffer {
  switch (message.byte()) {
    case agentMessages.listKeys: {
      const identities = keys.flatMap(({ publicKey }) => [wireString(publicKey), wireString('')]);
      return Buffer.concat([Buffer.from([agentMessages.keys]), uint32(keys.length), ...identities]);
    }
    case agentMessages.sign: {
      const [publicKey, data, flags] = [message.string(), message.string(), message.uint32()];
      const key = keys.find((each) => each.publicKey.equals(publicKey));
      const hash = Object.keys(signFlags).find((name) => (flags & (signFlags[name] ?? 0)) !== 0);
      return key ? Buffer.concat([Buffer.from([agentMessages.signature]), wireString(key.sign(data, hash))]) : refusal;
    }
    default:
      return refusal;
  }
}

/**
 * The answers to a stream of messages, in their order. Ends where the stream ends.
 * @throws Error for a message that is too long
 */
export async function* serveAgent(
  agent: ForwardedAgent,
  incoming: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of incoming) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4) {
      const length = bytes.readUInt32BE(0);
      if (length === 0 || length > maxMessageBytes) {
        throw new Error('This is not a message for an SSH agent.');
      }
      if (bytes.length < 4 + length) {
        break;
      }
      const answer = await agent.answer(bytes.subarray(4, 4 + length));
      bytes = bytes.subarray(4 + length);
      yield Buffer.from(wireString(answer));
    }
  }
}
