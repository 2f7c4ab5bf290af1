/** Values of secrets, as far as only the terminal can know them: its environment, its pipes and what a person types. */
import { type BuildSecret, type BuildSsh, maxSecretBytes, type SecretInputs } from '../../../shared/build-secrets.ts';
import { formatBytes } from '../../../shared/format.ts';
import { type Failure, fail } from '../../../shared/problem.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { askPassword } from '../prompt.ts';
import { descriptorOf, readTextInput } from '../text-input.ts';

interface SecretOptions {
  readonly secrets?: readonly BuildSecret[] | undefined;
  readonly ssh?: readonly BuildSsh[] | undefined;
}

/**
 * The values of the secrets of a request, which asks for those that are typed. A pipe can be read only once, so a secret that comes
 * from one is typed as far as the request knows.
 * @throws Failure `secret.missing`, `secret.too-large`, and the abort reason of `interrupted`
 */
export async function readSecrets<T extends SecretOptions>(
  frontEnd: TerminalFrontEnd,
  request: T,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<{ readonly request: T; readonly inputs: SecretInputs }> {
  const { secrets = [], ssh = [] } = request;
  if (secrets.length === 0 && ssh.length === 0) {
    return { request, inputs: {} };
  }
  const values: [string, string][] = [];
  const sources: BuildSecret[] = [];
  for (const secret of secrets) {
    const { id, source } = secret;
    const descriptor = source.kind === 'file' ? descriptorOf(source.path) : undefined;
    if (descriptor !== undefined) {
      values.push([id, await readPipe(frontEnd, id, descriptor)]);
      sources.push({ id, source: { kind: 'typed' } });
      continue;
    }
    sources.push(secret);
    if (source.kind === 'env') {
      values.push([id, variable(env, id, source.name)]);
    } else if (source.kind === 'typed') {
      values.push([id, await askSecret(frontEnd, id)]);
    }
  }
  const { SSH_AUTH_SOCK: agentSocket } = env;
  return {
    request: secrets.length > 0 ? { ...request, secrets: sources } : request,
    inputs: {
      ...(values.length > 0 ? { secretValues: Object.fromEntries(values) } : {}),
      ...(ssh.length > 0 && agentSocket ? { agentSocket } : {}),
    },
  };
}

function variable(env: Readonly<Record<string, string | undefined>>, id: string, name: string): string {
  const value = env[name];
  if (value === undefined) {
    throw fail('secret.missing', `The variable ${name} of the secret ${id} is not set.`, `Set it: export ${name}=…`);
  }
  return withinLimit(id, value);
}

async function askSecret({ options: { input, errors, interrupted } }: TerminalFrontEnd, id: string): Promise<string> {
  const value = await askPassword(`Secret ${id}: `, { input, output: errors }, interrupted);
  interrupted.throwIfAborted();
  if (value === undefined) {
    throw fail(
      'secret.missing',
      `The secret ${id} was not typed.`,
      'Type it at the prompt, or use src=FILE or env=NAME.',
    );
  }
  return withinLimit(id, value);
}

async function readPipe(frontEnd: TerminalFrontEnd, id: string, from: number): Promise<string> {
  const text = await readTextInput(frontEnd, {
    from,
    maxBytes: maxSecretBytes,
    failure: (detail) =>
      detail === undefined
        ? tooLarge(id)
        : fail('secret.missing', `The secret ${id} cannot be read.`, 'Check its src.', detail),
  });
  if (text.includes('\ufffd')) {
    throw fail('secret.missing', `The secret ${id} is not text, which a pipe is read as.`, 'Use a file as its src.');
  }
  return text;
}

function withinLimit(id: string, value: string): string {
  if (Buffer.byteLength(value) > maxSecretBytes) {
    throw tooLarge(id);
  }
  return value;
}

function tooLarge(id: string): Failure {
  return fail(
    'secret.too-large',
    `The secret ${id} has more than ${formatBytes(maxSecretBytes)}, which is the most that engines take.`,
    'Give the build only what it needs of it.',
  );
}
