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
  /** The key file that the connection names. Where it cannot be used, nothing else is tried. */
  readonly identity?: string;
  /** The key files that the SSH configuration names, where the connection names none; those that are missing are left out. */
  readonly identities?: readonly string[];
  /** Does an agent offer only the keys of the files? */
  readonly identitiesOnly?: boolean;
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
 * sshd counts each refused key and hangs up at MaxAuthTries, 6 by default. Where identities are named, an agent offers no more
 * keys than stay below this with them, so that a full agent cannot use up the tries.
 */
const keysBesideIdentities = 5;

/** An agent that is stuck must not hold up the key files. */
const agentTimeoutMs = 5_000;

/**
 * Gathers what there is to try: with identities their keys first, then the agent's others; without any the agent's keys, then
 * the default key files. A prompt (passphrase, password, keyboard-interactive) would become one more way in this list.
 *
 * Fails with `ssh.identity` where the connection's identity cannot be used, or none of the configuration's and no agent's.
 */
export async function prepareAuthentication(options: AuthenticationOptions): Promise<Authentication> {
  const { user, identitiesOnly = false } = options;
  const socket = options.agentSocket ?? process.env.SSH_AUTH_SOCK;
  const agent = socket ? ssh2.createAgent(socket) : undefined;
  const agentKeys = agent ? await listKeys(agent) : [];

  const ways: Way[] = [];
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
  /** A key file, or where it is locked the agent's key that it means. */
  const offerNamed = (identity: Identity) => {
    const held = agentKeys.filter((key) => publicKeyOf(identity)?.equals(key.getPublicSSH()));
    if (identity.kind === 'locked' && held.length === 0 && (publicKeyOf(identity) || agentKeys.length === 0)) {
      throw fail(
        'ssh.identity',
        `The identity file ${identity.path} is encrypted, and no agent holds its key.`,
        `Add it to your agent with \`ssh-add ${identity.path}\`.`,
      );
    }
    offerFile(identity);
    if (identity.kind === 'locked') {
      offerAgent(held, `the agent's key for ${identity.path}`);
    }
  };
  const named = options.identity ? [options.identity] : options.identities;

  if (named) {
    const read: Identity[] = [];
    const unusable: unknown[] = [];
    for (const path of named) {
      try {
        const identity = await readIdentity(path);
        read.push(identity);
        offerNamed(identity);
      } catch (error) {
        unusable.push(error);
      }
    }
    const isNamed = (key: ParsedKey) => read.some((identity) => publicKeyOf(identity)?.equals(key.getPublicSSH()));
    // where the public half of a locked key is not to be had, any key of the agent may be the one
    const mayBeAny = read.some((identity) => publicKeyOf(identity) === undefined);
    const others =
      identitiesOnly && !mayBeAny
        ? []
        : agentKeys.filter((key) => !isNamed(key)).slice(0, Math.max(0, keysBesideIdentities - ways.length));
    const [problem] = unusable;
    // ssh passes over what its configuration names in vain, as long as there is something else
    if (problem && (options.identity || (ways.length === 0 && others.length === 0))) {
      throw problem;
    }
    offerAgent(others, manyKeys(others.length, 'of the agent'));
  } else {
    const files = await defaultIdentities(options.home);
    const isIn = (key: ParsedKey) => files.some((identity) => publicKeyOf(identity)?.equals(key.getPublicSSH()));
    const offered = identitiesOnly ? agentKeys.filter(isIn) : agentKeys;
    offerAgent(offered, manyKeys(offered.length, 'of the agent'));
    for (const identity of files) {
      if (!offered.some((key) => publicKeyOf(identity)?.equals(key.getPublicSSH()))) {
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

interface Way {
  readonly says: string;
  readonly method: AnyAuthMethod;
}

function publicKeyOf(identity: Identity): Buffer | undefined {
  return identity.kind === 'private' ? identity.key.getPublicSSH() : identity.publicKey;
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
