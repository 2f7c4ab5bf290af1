/** The secrets and SSH agents of one build: where they come from is checked before anything is sent. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { BuildRequest } from '../../shared/build.ts';
import { type BuildSecret, type BuildSsh, maxSecretBytes, type SecretInputs } from '../../shared/build-secrets.ts';
import { formatBytes } from '../../shared/format.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import type { SecretValue, SshAgent } from '../engines/engine.ts';
import { agentOfKeys, type ForwardedAgent, personsAgent } from '../ssh/authentication/forwarded-agent.ts';
import { readIdentity } from '../ssh/authentication/identity.ts';
import type { PrivateKey } from '../ssh/authentication/private-key.ts';
import type { AnySecretRequest, AskSecret } from '../ssh/authentication/secret-request.ts';
import { isMissingPath } from '../system/file-errors.ts';

/** How often a passphrase may be wrong. */
const maxTries = 3;

export interface SecretOptions {
  /** Asks for secrets and for passphrases of keys. Undefined if no person can be asked. */
  readonly askSecret: AskSecret<AnySecretRequest> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const neverAborts = new AbortController().signal;

type Request = Pick<BuildRequest, 'reference' | 'secrets' | 'ssh'>;

/** A value that is read from a file for each job, or that was given. */
type Source = { readonly id: string } & ({ readonly path: string } | { readonly key: KeyObject });

export class BuildSecrets {
  static readonly none = new BuildSecrets([], []);

  readonly ssh: readonly SshAgent[];
  readonly #sources: readonly Source[];

  private constructor(sources: readonly Source[], ssh: readonly SshAgent[]) {
    this.#sources = sources;
    this.ssh = ssh;
  }

  /**
   * Checks that all are there and unlocks keys. Values that were given are kept where no heap snapshot shows them.
   * @throws Failure `secret.missing`, `secret.too-large`, `secret.agent`, `ssh.identity`, and the reason of the signal
   */
  static async open(
    { reference, secrets = [], ssh = [] }: Request,
    { secretValues = {}, agentSocket }: SecretInputs = {},
    { askSecret, signal, env = process.env }: SecretOptions,
  ): Promise<BuildSecrets> {
    // what is missing is reported before anything is asked
    const order = (secret: BuildSecret): number => Number(secret.source.kind === 'typed');
    const sources: Source[] = [];
    for (const secret of [...secrets].sort((one, other) => order(one) - order(other))) {
      sources.push(await openSecret(secret, { reference, values: secretValues, env, askSecret, signal }));
    }
    const agents: SshAgent[] = [];
    for (const source of ssh) {
      const { answer } = await openAgent(source, { reference, agentSocket, askSecret, signal });
      agents.push({ id: source.id, answer });
    }
    signal?.throwIfAborted();
    return new BuildSecrets(sources, agents);
  }

  /** The values now. Who gets them overwrites them at the end. @throws Failure `secret.missing`, `secret.too-large` */
  load(): Promise<SecretValue[]> {
    return Promise.all(
      this.#sources.map(async (source) => ({
        id: source.id,
        value: 'path' in source ? await readSecretFile(source) : source.key.export(),
      })),
    );
  }
}

interface SecretSources extends SecretOptions {
  readonly reference: string;
  readonly values: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

async function openSecret(
  { id, source }: BuildSecret,
  { reference, values, env, askSecret, signal = neverAborts }: SecretSources,
): Promise<Source> {
  switch (source.kind) {
    case 'file': {
      const file = { id, path: source.path };
      (await readSecretFile(file)).fill(0);
      return file;
    }
    case 'env': {
      const value = givenValue(values, id) ?? env[source.name];
      if (value === undefined) {
        throw fail(
          'secret.missing',
          `The variable ${source.name} of the secret ${id} is not set.`,
          'Set it in the environment that the build is started in.',
        );
      }
      return { id, key: keep(id, value) };
    }
    case 'typed': {
      const request = { kind: 'secret', connection: reference, secret: id } as const;
      const value = givenValue(values, id) ?? (await askSecret?.(request, signal))?.secrets[0];
      signal.throwIfAborted();
      if (value === undefined) {
        throw fail('secret.missing', `The secret ${id} was not typed.`, 'Type it before the build starts.');
      }
      return { id, key: keep(id, value) };
    }
  }
}

function givenValue(values: Readonly<Record<string, string>>, id: string): string | undefined {
  return Object.hasOwn(values, id) ? values[id] : undefined;
}

function keep(id: string, value: string): KeyObject {
  const bytes = Buffer.from(value, 'utf8');
  if (bytes.length > maxSecretBytes) {
    throw tooLarge(id, bytes.length);
  }
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

function tooLarge(id: string, bytes: number): Failure {
  return fail(
    'secret.too-large',
    `The secret ${id} has ${formatBytes(bytes)}, and engines take at most ${formatBytes(maxSecretBytes)}.`,
    'Give the build only what it needs of it.',
  );
}

async function readSecretFile({ id, path }: { readonly id: string; readonly path: string }): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    // a pipe without a writer would be waited for
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (!stats.isFile()) {
      throw fail('secret.missing', `${path} of the secret ${id} is not a file.`, 'Name a file.');
    }
    // it may grow after it was measured
    const bytes = Buffer.alloc(Math.min(stats.size, maxSecretBytes) + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      ({ bytesRead: read } = await file.read(bytes, length, bytes.length - length, length));
    }
    if (length > maxSecretBytes) {
      bytes.fill(0);
      throw tooLarge(id, Math.max(stats.size, length));
    }
    return bytes.subarray(0, length);
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      throw fail(
        'secret.missing',
        isMissingPath(error)
          ? `The file ${path} of the secret ${id} does not exist.`
          : `The file ${path} of the secret ${id} cannot be read.`,
        isMissingPath(error) ? 'Check its path.' : 'Make it readable for your user.',
        error.message,
        error,
      );
    }
    throw error;
  } finally {
    await file?.close();
  }
}

interface AgentOptions extends Pick<SecretOptions, 'askSecret' | 'signal'> {
  readonly reference: string;
  readonly agentSocket: string | undefined;
}

async function openAgent({ id, source }: BuildSsh, options: AgentOptions): Promise<ForwardedAgent> {
  if (source.kind === 'keys') {
    const keys: PrivateKey[] = [];
    for (const path of source.paths) {
      keys.push(await unlockKey(path, options));
    }
    return agentOfKeys(keys);
  }
  const socket = source.socket ?? options.agentSocket;
  const agent = await personsAgent(socket);
  if (!agent) {
    throw fail(
      'secret.agent',
      socket
        ? `No SSH agent answers at ${socket}, which the build would reach as ${id}.`
        : `There is no SSH agent that the build could reach as ${id}.`,
      'Start one with `ssh-agent` and add a key with `ssh-add`, or let the build sign with key files.',
    );
  }
  return agent;
}

async function unlockKey(
  path: string,
  { reference, askSecret, signal = neverAborts }: AgentOptions,
): Promise<PrivateKey> {
  const identity = await readIdentity(path);
  if (identity.kind === 'unlocked') {
    return identity.key;
  }
  if (identity.kind === 'public') {
    throw fail(
      'ssh.identity',
      `${path} has only a public key, so that a build cannot sign with it.`,
      'Name the private key, or forward an agent that has it.',
    );
  }
  for (let tries = 0; tries < maxTries; tries++) {
    const request = { kind: 'passphrase', connection: reference, path, wasWrong: tries > 0, forBuild: true } as const;
    const answer = await askSecret?.(request, signal);
    signal.throwIfAborted();
    if (!answer) {
      break;
    }
    const key = await identity.unlock(answer.secrets[0] ?? '');
    await answer.reportResult(key !== undefined);
    await answer.finish(key !== undefined);
    if (key) {
      return key;
    }
    // a saved passphrase that is wrong is no try of a person
    tries -= answer.isFromPerson ? 0 : 1;
  }
  throw fail(
    'ssh.cancelled',
    `The passphrase of the key file ${path} was not entered.`,
    'Start the build again and enter it, or forward an agent that has the key.',
  );
}
