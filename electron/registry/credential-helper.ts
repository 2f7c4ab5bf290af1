import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { type Failure, fail } from '../../shared/problem.ts';
import { type Fields, fieldOf, fieldsOf, textOf } from '../system/lenient-json.ts';
import type { CredentialSource } from './credential-source.ts';

const timeoutMs = 30_000;
const maxOutputLength = 1024 * 1024;

/** The login that a helper stores for a server. With the user name `<token>` the secret is an identity token. */
export interface HelperEntry {
  readonly username: string;
  readonly secret: string;
}

/** A helper, and the credential file that names it. */
export interface HelperContext {
  readonly name: string;
  readonly source: CredentialSource;
  readonly file: string;
}

/**
 * Runs `docker-credential-<name> get` for a server. Undefined if the helper has no credentials for it.
 * Protocol: docker/docker-credential-helpers: the server on stdin, JSON on stdout, also error messages on stdout.
 * @throws Failure `registry.credentials` if the helper cannot be run, fails, or does not respond within 30 seconds.
 */
export async function getFromHelper(helper: HelperContext, server: string): Promise<HelperEntry | undefined> {
  const output = await runHelper(helper, 'get', server);
  if (output === undefined) {
    return undefined;
  }
  try {
    const entry: unknown = JSON.parse(output);
    const secret = textOf(entry, 'Secret');
    if (secret !== undefined || fieldOf(entry, 'Username') !== undefined) {
      return secret === undefined ? undefined : { username: textOf(entry, 'Username') ?? '', secret };
    }
  } catch {
    // continues below without the error of the parser, because it would quote the secret
  }
  throw helperFailure(
    `The credential helper ${programOf(helper)} in ${helper.file} returned output that is not valid.`,
    helper.file,
  );
}

/** Lets a helper keep a login. @throws Failure `registry.credentials` */
export async function storeInHelper(
  helper: HelperContext,
  server: string,
  { username, secret }: HelperEntry,
): Promise<void> {
  await runHelper(helper, 'store', JSON.stringify({ ServerURL: server, Username: username, Secret: secret }));
}

/** Removes a login from a helper. Nothing happens if it has none. @throws Failure `registry.credentials` */
export async function eraseFromHelper(helper: HelperContext, server: string): Promise<void> {
  await runHelper(helper, 'erase', server);
}

/** The user names that a helper has, by server. @throws Failure `registry.credentials` */
export async function listHelper(helper: HelperContext): Promise<Fields> {
  const output = (await runHelper(helper, 'list', '')) ?? '{}';
  try {
    return fieldsOf(JSON.parse(output));
  } catch {
    return {};
  }
}

/** What a helper prints. Undefined if it has no credentials. */
async function runHelper(helper: HelperContext, action: string, input: string): Promise<string | undefined> {
  const { name, source, file } = helper;
  const program = programOf(helper);
  if (!/^[\w.-]+$/.test(name)) {
    throw helperFailure(`The credential helper "${name}" in ${file} is not a valid program name.`, file);
  }
  const { code, output } = await run([program, action], input, helperEnvironment(source), file);
  if (code === 0) {
    return output;
  }
  if (/credentials not found/i.test(output)) {
    return undefined;
  }
  throw helperFailure(`The credential helper ${program} in ${file} failed with exit code ${code}.`, file);
}

function programOf({ name }: HelperContext): string {
  return `docker-credential-${name}`;
}

function helperFailure(message: string, file: string): Failure {
  return fail('registry.credentials', message, `Install or repair the helper, or remove it from ${file}.`);
}

/** A desktop app on macOS does not get the PATH of the shell, so the usual folders of helpers are added. */
function helperEnvironment(source: CredentialSource): NodeJS.ProcessEnv {
  if (source.platform !== 'darwin') {
    return source.env;
  }
  const helperFolders = ['/usr/local/bin', '/opt/homebrew/bin', join(source.home, '.docker', 'bin')];
  return { ...source.env, PATH: [source.env.PATH, ...helperFolders].filter(Boolean).join(delimiter) };
}

function run(
  [program, action]: readonly [string, string],
  input: string,
  env: NodeJS.ProcessEnv,
  file: string,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [action], { env, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      // children of the helper may keep its output open, so its end is not awaited
      child.stdout.destroy();
      reject(
        helperFailure(`The credential helper ${program} in ${file} did not respond in ${timeoutMs / 1000} s.`, file),
      );
    }, timeoutMs);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(0, maxOutputLength);
    });
    child.stdin.on('error', () => {});
    child.on('error', () => {
      clearTimeout(timer);
      reject(helperFailure(`The credential helper ${program} in ${file} cannot be run.`, file));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
    child.stdin.end(`${input}\n`);
  });
}
