import type { AnyAuthMethod } from 'ssh2';
import { Agent, type AgentKey, agentSockets } from './agent.ts';
import type { AskSecret } from './credential.ts';
import { defaultIdentities, type Identity, readIdentity } from './identity.ts';
import { KeyWays } from './key-methods.ts';
import type { AuthMethod } from './method.ts';
import { PasswordWay, PromptsWay } from './prompted-methods.ts';
import { Asking } from './prompter.ts';

export interface AuthenticationOptions {
  /** Who is signed in to, for questions. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The key file that the connection names. Where it cannot be used, nothing else is tried. */
  readonly identity?: string;
  /** The key files that the SSH configuration names, where the connection names none; those that are missing are left out. */
  readonly identities?: readonly string[];
  /** Does an agent offer only the keys of the files? */
  readonly identitiesOnly?: boolean;
  /** The agent's socket; the usual ones where not given, none where empty. */
  readonly agentSocket?: string;
  /** The folder that holds `.ssh`. */
  readonly home?: string;
  /** What the SSH configuration allows; everything where not given. */
  readonly allowed?: AllowedMethods;
  /** How often a person may give the same secret wrong; 3 where not given. */
  readonly passwordPrompts?: number;
  /** Without it nobody can be asked: what needs a secret is not tried. */
  readonly askSecret?: AskSecret;
}

export interface AllowedMethods {
  readonly publicKey: boolean;
  readonly keyboardInteractive: boolean;
  readonly password: boolean;
}

/** The ways to prove who we are to one server, tried in order. One use only. */
export interface Authentication {
  /** Aborts, with a Failure `ssh.cancelled`, when a person refuses to give a secret. */
  readonly refused: AbortSignal;
  /**
   * What ssh2 asks for the next way to try; false when there is none left. The first is none at all, to hear what the server
   * accepts: nothing else is tried then.
   * @param partial the last way was right, and the server wants one more.
   */
  next(methodsLeft: readonly string[] | null, partial: boolean | null): Promise<AnyAuthMethod | false>;
  /** What was offered so far, for sentences: "the key file ~/.ssh/id_rsa", "3 keys of the agent", "a password". */
  tried(): readonly string[];
  /** What the server accepts, as it said the last time. */
  accepted(): readonly string[];
  /** What might have been a way and was none, as sentences. */
  passedOver(): readonly string[];
  /** It is over. Secrets that were right may be kept; everything that was held for it is let go. */
  end(signedIn: boolean): Promise<void>;
}

/**
 * sshd counts each refused key and hangs up at MaxAuthTries, 6 by default. Where identities are named, an agent offers no more
 * keys than stay below this with them, so that a full agent cannot use up the tries.
 */
const keysBesideIdentities = 5;

/**
 * Gathers what there is to try. Of keys: for each identity the agent's copy, else the file itself, then the agent's others; without
 * any identity the agent's keys, then the default key files. Then what the server wants to know (keyboard-interactive), then a
 * password.
 *
 * Fails with `ssh.identity` where the connection's identity cannot be used, or none of the configuration's and nothing else is left.
 */
export async function prepareAuthentication(options: AuthenticationOptions): Promise<Authentication> {
  const { user, name, identitiesOnly = false, askSecret, allowed } = options;
  const asking = askSecret && new Asking(askSecret, options.passwordPrompts);
  const { agent, held } = await findAgent(options.agentSocket);
  const keys = new KeyWays({ name, user, agent, asking });
  const passedOver: string[] = [];
  const asked = asking ? askedWays(options, asking) : [];
  const named = options.identity ? [options.identity] : options.identities;

  if (named) {
    const read: Identity[] = [];
    const unusable: unknown[] = [];
    for (const path of named) {
      try {
        const identity = await readIdentity(path);
        read.push(identity);
        keys.offerNamed(
          identity,
          held.find((key) => identity.publicKey?.equals(key.publicKey)),
        );
      } catch (error) {
        unusable.push(error);
        passedOver.push(error instanceof Error ? error.message : String(error));
      }
    }
    const isNamed = (key: AgentKey) => read.some(({ publicKey }) => publicKey?.equals(key.publicKey));
    // where the public half of a locked key is not to be had, any key of the agent may be the one
    const mayBeAny = read.some(({ publicKey }) => publicKey === undefined);
    const room = Math.max(0, keysBesideIdentities - read.length);
    const others = identitiesOnly && !mayBeAny ? [] : held.filter((key) => !isNamed(key)).slice(0, room);
    const [problem] = unusable;
    // ssh passes over what its configuration names in vain, as long as there is something else
    if (problem && (options.identity || keys.ways.length + others.length + asked.length === 0)) {
      throw problem;
    }
    keys.offerOthers(others);
  } else {
    const files = await defaultIdentities(options.home);
    const isIn = (key: AgentKey) => files.some(({ publicKey }) => publicKey?.equals(key.publicKey));
    const offered = identitiesOnly ? held.filter(isIn) : held;
    keys.offerOthers(offered);
    for (const identity of files) {
      if (!offered.some((key) => identity.publicKey?.equals(key.publicKey))) {
        keys.offerDefault(identity);
      }
    }
  }
  const ways = [...(allowed?.publicKey === false ? [] : keys.ways), ...asked];
  return new Attempts(user, ways, asking, passedOver);
}

function askedWays(options: AuthenticationOptions, asking: Asking): AuthMethod[] {
  const { keyboardInteractive = true, password = true } = options.allowed ?? {};
  const prompts = keyboardInteractive ? new PromptsWay(options, asking) : undefined;
  return [...(prompts ? [prompts] : []), ...(password ? [new PasswordWay(options, asking, prompts)] : [])];
}

/** The first agent that answers, with its keys. */
async function findAgent(
  named: string | undefined,
): Promise<{ readonly agent: Agent | undefined; readonly held: readonly AgentKey[] }> {
  for (const socket of agentSockets(named)) {
    const agent = new Agent(socket);
    const held = await agent.list();
    if (held) {
      return { agent, held };
    }
  }
  return { agent: undefined, held: [] };
}

class Attempts implements Authentication {
  readonly refused: AbortSignal;
  readonly #user: string;
  readonly #ways: AuthMethod[];
  readonly #asking: Asking | undefined;
  readonly #passedOver: readonly string[];
  readonly #tried: AuthMethod[] = [];
  #accepted: readonly string[] = [];
  #current: AuthMethod | undefined;
  #hasBegun = false;

  constructor(user: string, ways: AuthMethod[], asking: Asking | undefined, passedOver: readonly string[]) {
    this.#user = user;
    this.#ways = ways;
    this.#asking = asking;
    this.refused = asking?.refused ?? new AbortController().signal;
    this.#passedOver = passedOver;
  }

  async next(methodsLeft: readonly string[] | null, partial: boolean | null): Promise<AnyAuthMethod | false> {
    const nothing = { type: 'none', username: this.#user } as const;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      return nothing;
    }
    this.#accepted = methodsLeft ?? this.#accepted;
    const last = this.#current;
    this.#current = undefined;
    await last?.answered(partial === true);
    if (last?.hasSigned) {
      // ssh2 does not pass on what the server answers to an agent's key. One that was asked to sign was right, so something more
      // is wanted; what, is heard by asking with nothing again, at the price of one of the tries
      return nothing;
    }
    for (const way of this.#ways.filter(({ method }) => this.#accepts(method))) {
      const attempt = await way.attempt();
      this.refused.throwIfAborted();
      if (attempt) {
        this.#current = way;
        if (!this.#tried.includes(way)) {
          this.#tried.push(way);
        }
        return attempt;
      }
      this.#ways.splice(this.#ways.indexOf(way), 1);
    }
    return false;
  }

  tried(): readonly string[] {
    const others = this.#tried.filter(({ isOther }) => isOther);
    return this.#tried.flatMap((way) => {
      if (!way.isOther) {
        return [way.says];
      }
      return way === others[0] ? [`${others.length === 1 ? 'the one key' : `${others.length} keys`} of the agent`] : [];
    });
  }

  accepted(): readonly string[] {
    return this.#accepted;
  }

  passedOver(): readonly string[] {
    return [...this.#passedOver, ...(this.#asking?.complaints ?? [])];
  }

  async end(signedIn: boolean): Promise<void> {
    for (const way of [...this.#ways, ...this.#tried]) {
      way.letGo();
    }
    this.#ways.length = 0;
    await this.#asking?.end(signedIn);
  }

  /** A server that says nothing is tried with everything. */
  #accepts(method: string): boolean {
    return this.#accepted.length === 0 || this.#accepted.includes(method);
  }
}
