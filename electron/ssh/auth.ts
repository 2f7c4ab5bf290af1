import ssh2, {
  type AnyAuthMethod,
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { fail } from '../../shared/problem.ts';
import { defaultIdentities, type Identity, readIdentity } from './identity.ts';

export interface AuthenticationOptions {
  readonly user: string;
  /** The key file that the connection names. */
  readonly identity?: string;
  /** The agent's socket; `$SSH_AUTH_SOCK` where not given, none where empty. */
  readonly agentSocket?: string;
  /** The folder that holds `.ssh`. */
  readonly home?: string;
}

/** The ways to prove who we are to one server, tried in order. One use only. */
export interface Authentication {
  /** What ssh2 asks for the next way to try; false when there is none left. */
  next(methodsLeft: readonly string[] | null): AnyAuthMethod | false;
  /** The keys that were offered so far, for sentences: "the key file ~/.ssh/id_rsa", "3 keys of the agent". */
  tried(): readonly string[];
  /** What the server said it would accept, once it has refused something. */
  accepted(): readonly string[];
}

/**
 * sshd counts each refused key and hangs up at MaxAuthTries, 6 by default. Beside a named identity, an agent may offer this
 * many, so that a full agent cannot use up the tries.
 */
const agentKeysBesideIdentity = 4;

/** An agent that is stuck must not hold up the key files. */
const agentTimeoutMs = 5_000;

/**
 * Gathers what there is to try: with an identity its key first, then the agent's others; without one the agent's keys, then
 * the default key files. A prompt (passphrase, password, keyboard-interactive) would become one more way in this list.
 *
 * Fails with `ssh.identity` where the named identity cannot be used at all.
 */
export async function prepareAuthentication(options: AuthenticationOptions): Promise<Authentication> {
  const { user } = options;
  const socket = options.agentSocket ?? process.env.SSH_AUTH_SOCK;
  const agent = socket ? ssh2.createAgent(socket) : undefined;
  const agentKeys = agent ? await listKeys(agent) : [];

  const ways: { readonly says: string; readonly method: AnyAuthMethod }[] = [];
  const offerAgent = (keys: readonly ParsedKey[], says: string) => {
    if (agent && keys.length > 0) {
      ways.push({ says, method: { type: 'agent', username: user, agent: new PartOfAgent(agent, keys) } });
    }
  };
  const offerFile = (identity: Identity) => {
    if (identity.kind === 'private') {
      ways.push({
        says: `the key file ${identity.path}`,
        method: { type: 'publickey', username: user, key: identity.key },
      });
    }
  };

  if (options.identity) {
    const identity = await readIdentity(options.identity);
    const wire = identity.kind === 'private' ? identity.key.getPublicSSH() : identity.publicKey;
    const isNamed = (key: ParsedKey) => wire?.equals(key.getPublicSSH()) === true;
    const others = agentKeys.filter((key) => !isNamed(key)).slice(0, agentKeysBesideIdentity);
    if (identity.kind === 'private') {
      offerFile(identity);
    } else {
      const held = agentKeys.filter(isNamed);
      // where its public half is not to be had, any key of the agent may be the one
      if (held.length === 0 && (wire || agentKeys.length === 0)) {
        throw fail(
          'ssh.identity',
          `The identity file ${identity.path} is encrypted, and no agent holds its key.`,
          `Add it to your agent with \`ssh-add ${identity.path}\`.`,
        );
      }
      offerAgent(held, `the agent's key for ${identity.path}`);
    }
    offerAgent(others, manyKeys(others.length, 'of the agent'));
  } else {
    offerAgent(agentKeys, manyKeys(agentKeys.length, 'of the agent'));
    const inAgent = (identity: Identity) =>
      identity.kind === 'private' && agentKeys.some((key) => key.getPublicSSH().equals(identity.key.getPublicSSH()));
    for (const identity of await defaultIdentities(options.home)) {
      if (!inAgent(identity)) {
        offerFile(identity);
      }
    }
  }

  let position = 0;
  let accepted: readonly string[] = [];
  return {
    next(methodsLeft) {
      accepted = methodsLeft ?? accepted;
      return ways[position++]?.method ?? false;
    },
    tried: () => ways.slice(0, position).map((way) => way.says),
    accepted: () => accepted,
  };
}

function manyKeys(count: number, where: string): string {
  return `${count === 1 ? 'the one key' : `${count} keys`} ${where}`;
}

/** The keys that an agent holds and ssh2 can use; none where it does not answer. */
function listKeys(agent: BaseAgent): Promise<ParsedKey[]> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, agentTimeoutMs, []);
    agent.getIdentities((error, keys) => {
      clearTimeout(timer);
      resolve(
        error
          ? []
          : (keys ?? []).flatMap((entry) => {
              const key = ssh2.utils.parseKey(rawKey(entry));
              return key instanceof Error ? [] : [key];
            }),
      );
    });
  });
}

type AgentEntry = string | Buffer | ParsedKey | { readonly pubKey: AgentEntry };

/** An agent may list a key bare or with a comment beside it. */
function rawKey(entry: AgentEntry): string | Buffer | ParsedKey {
  return typeof entry === 'object' && 'pubKey' in entry ? rawKey(entry.pubKey) : entry;
}

/** An agent that offers only some of its keys. */
class PartOfAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: BaseAgent;
  readonly #keys: readonly ParsedKey[];

  constructor(agent: BaseAgent, keys: readonly ParsedKey[]) {
    super();
    this.#agent = agent;
    this.#keys = keys;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [...this.#keys]);
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === 'function') {
      this.#agent.sign(key, data, options);
    } else {
      this.#agent.sign(key, data, options, callback);
    }
  }
}
