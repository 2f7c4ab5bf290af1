/** Signing in: which keys, passwords and prompts are tried, in which order, and where they come from. */
import { Agent, type AgentKey, agentSockets } from './agent.ts';
import type { AuthMethod } from './auth-method.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { defaultIdentities, type Identity, readIdentity } from './identity.ts';
import { KeyMethods } from './key-methods.ts';
import { MethodSequence } from './method-sequence.ts';
import { KeyboardInteractiveMethod, PasswordMethod } from './prompted-methods.ts';
import { SecretPrompter } from './secret-prompter.ts';
import type { AskSecret } from './secret-request.ts';

export interface AuthenticationOptions {
  /** The connection's name, for questions. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The connection's key file. The sign-in fails where it cannot be used. */
  readonly identity?: string;
  /** The SSH configuration's key files, where the connection has none. Unusable ones are skipped. */
  readonly identities?: readonly string[];
  /** The SSH configuration's files of certificates (CertificateFile). */
  readonly certificateFiles?: readonly string[];
  /** Whether the agent offers only the keys of the files (IdentitiesOnly). */
  readonly identitiesOnly?: boolean;
  /** The agent's socket. Undefined means the default agents, an empty string none. */
  readonly agentSocket?: string;
  /** The folder that holds `.ssh`. */
  readonly home?: string;
  /** The methods that the SSH configuration allows. All by default. */
  readonly allowed?: AllowedMethods;
  /** How often a person may enter the same secret incorrectly. 3 by default. */
  readonly passwordPrompts?: number;
  /** Without it, methods that need a secret are not tried. */
  readonly askSecret?: AskSecret;
  /** Ends the wait for an agent. */
  readonly signal?: AbortSignal;
}

export interface AllowedMethods {
  readonly publicKey: boolean;
  readonly keyboardInteractive: boolean;
  readonly password: boolean;
}

/**
 * sshd counts each refused key and disconnects at MaxAuthTries, 6 by default. Where identities are named, the agent
 * adds only as many keys as stay below that together with them, so that an agent with many keys cannot use up the
 * tries.
 */
const maxKeysWithIdentities = 5;

/**
 * Collects the methods. First the keys: for each named identity the same key in the agent, else the file, then the
 * agent's other keys. Without a named identity, the agent's keys and then the default key files. After the keys
 * keyboard-interactive, then a password.
 *
 * @throws Failure `ssh.identity` where the connection's identity cannot be used, or where none of the configuration's
 *   can and there is no other method
 */
export async function prepareAuthentication(options: AuthenticationOptions): Promise<MethodSequence> {
  const { user, name, askSecret, allowed, signal } = options;
  const prompter = askSecret && new SecretPrompter(askSecret, options.passwordPrompts);
  const { agent, agentKeys } = await findAgent(options.agentSocket);
  const keys = new KeyMethods({ name, user, agent, prompter, signal });
  const held = new HeldKeys(agentKeys, await readCertificates(options.certificateFiles ?? []));
  const prompted = prompter ? promptedMethods(options, prompter) : [];
  const named = options.identity ? [options.identity] : options.identities;
  const unusable = named
    ? await offerNamedKeys(named, keys, held, options, prompted.length > 0)
    : await offerDefaultKeys(keys, held, options);
  const methods = [...(allowed?.publicKey === false ? [] : keys.methods), ...prompted];
  return new MethodSequence(user, methods, prompter, unusable, keys.uselessCertificates);
}

async function readCertificates(paths: readonly string[]): Promise<Certificate[]> {
  const certificates = await Promise.all(paths.map(readCertificate));
  return certificates.filter((certificate) => certificate !== undefined);
}

/** The keys of the agent, and the certificates of the SSH configuration. */
class HeldKeys {
  readonly agentKeys: readonly AgentKey[];
  readonly #certificates: readonly Certificate[];

  constructor(agentKeys: readonly AgentKey[], certificates: readonly Certificate[]) {
    this.agentKeys = agentKeys;
    this.#certificates = certificates;
  }

  /** The agent's key that can sign for an identity. Preferably the key itself, else one with a certificate. */
  keyOf({ publicKey }: Identity): AgentKey | undefined {
    return publicKey && this.agentKeys.filter((key) => signedKey(key).equals(publicKey)).sort(plainFirst)[0];
  }

  /** The certificates of an identity's key, each once: those beside its file, of the configuration, and of the agent. */
  certificatesOf({ publicKey, certificates }: Identity): Certificate[] {
    const all = [
      ...certificates,
      ...this.#certificates,
      ...this.agentKeys.flatMap(({ certificate }) => certificate ?? []),
    ];
    const matching = all.filter((certificate) => publicKey?.equals(certificate.publicKey));
    return matching.filter(({ blob }, index) => matching.findIndex((other) => other.blob.equals(blob)) === index);
  }

  /** Whether a key of the agent is that of an identity, or its certificate. */
  isOf(key: AgentKey, identities: readonly Identity[]): boolean {
    return identities.some(({ publicKey }) => publicKey?.equals(signedKey(key)));
  }
}

/** The key that a key of the agent signs with: of a certificate, the one that it certifies. */
function signedKey({ certificate, publicKey }: AgentKey): Buffer {
  return certificate?.publicKey ?? publicKey;
}

function plainFirst(one: AgentKey, other: AgentKey): number {
  return Number(one.certificate !== undefined) - Number(other.certificate !== undefined);
}

/** @returns why identities cannot be used, as sentences. */
async function offerNamedKeys(
  paths: readonly string[],
  keys: KeyMethods,
  held: HeldKeys,
  { identity: ownIdentity, identitiesOnly = false }: AuthenticationOptions,
  hasPromptedMethods: boolean,
): Promise<readonly string[]> {
  const identities: Identity[] = [];
  const errors: unknown[] = [];
  for (const path of paths) {
    try {
      const identity = await readIdentity(path);
      identities.push(identity);
      keys.offerNamed(identity, held.keyOf(identity), held.certificatesOf(identity));
    } catch (error) {
      errors.push(error);
    }
  }
  // where the public half of a locked key is unknown, any key of the agent may be that key
  const hasUnknownKey = identities.some(({ publicKey }) => publicKey === undefined);
  const maxOthers = Math.max(0, maxKeysWithIdentities - identities.length - keys.certificateCount);
  const unnamed = held.agentKeys.filter((key) => !held.isOf(key, identities));
  const others = identitiesOnly && !hasUnknownKey ? [] : unnamed.slice(0, maxOthers);
  const [firstError] = errors;
  // ssh skips unusable identities of its configuration as long as there is another method
  if (firstError && (ownIdentity || (keys.methods.length + others.length === 0 && !hasPromptedMethods))) {
    throw firstError;
  }
  keys.offerUnnamed(others);
  return errors.map((error) => (error instanceof Error ? error.message : String(error)));
}

/** @returns nothing: unusable default key files are not mentioned. */
async function offerDefaultKeys(
  keys: KeyMethods,
  held: HeldKeys,
  { home, identitiesOnly = false }: AuthenticationOptions,
): Promise<readonly string[]> {
  const identities = await defaultIdentities(home);
  const offered = identitiesOnly ? held.agentKeys.filter((key) => held.isOf(key, identities)) : held.agentKeys;
  // as with ssh, certificates before keys
  keys.offerUnnamed([...offered].sort((one, other) => plainFirst(other, one)));
  for (const identity of identities) {
    const isOffered = (publicKey: Buffer) => offered.some((key) => key.publicKey.equals(publicKey));
    const certificates = held.certificatesOf(identity).filter(({ blob }) => !isOffered(blob));
    if (identity.publicKey && isOffered(identity.publicKey)) {
      keys.offerCertificates(certificates, identity, held.keyOf(identity));
    } else {
      keys.offerDefault(identity, certificates);
    }
  }
  return [];
}

function promptedMethods(options: AuthenticationOptions, prompter: SecretPrompter): AuthMethod[] {
  const { keyboardInteractive = true, password = true } = options.allowed ?? {};
  const prompts = keyboardInteractive ? new KeyboardInteractiveMethod(options, prompter) : undefined;
  return [...(prompts ? [prompts] : []), ...(password ? [new PasswordMethod(options, prompter, prompts)] : [])];
}

/** The first agent that answers, with its keys. */
async function findAgent(
  agentSocket: string | undefined,
): Promise<{ readonly agent: Agent | undefined; readonly agentKeys: readonly AgentKey[] }> {
  for (const socket of agentSockets(agentSocket)) {
    const agent = new Agent(socket);
    const agentKeys = await agent.list();
    if (agentKeys) {
      return { agent, agentKeys };
    }
  }
  return { agent: undefined, agentKeys: [] };
}
