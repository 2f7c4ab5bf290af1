import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { type Failure, fail } from '../../shared/problem.ts';
import type { CredentialSource } from './credentials.ts';

const timeoutMs = 30_000;
const longestAnswer = 1024 * 1024;

/** What a helper keeps for a server; a user name of `<token>` says that the secret is an identity token. */
export interface HelperEntry {
  readonly username: string;
  readonly secret: string;
}

/**
 * Asks `docker-credential-<name>` for the credentials of `server`; undefined where it has none.
 * Fails with `registry.credentials` where the helper cannot be run, fails, or says nothing for 30 seconds.
 * Protocol: docker/docker-credential-helpers (`get`, the server on stdin, JSON on stdout, failures there too).
 */
export async function askHelper(
  name: string,
  server: string,
  source: CredentialSource,
  file: string,
): Promise<HelperEntry | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) {
    throw broken(`${file} names a credential helper "${name}", which is no program's name.`, file);
  }
  const answer = await run(program, server, helperEnvironment(source), file);
  if (answer.code !== 0) {
    if (/credentials not found/i.test(answer.output)) {
      return undefined;
    }
    throw broken(`${program}, which ${file} asks for credentials, failed with exit code ${answer.code}.`, file);
  }
  try {
    const entry: unknown = JSON.parse(answer.output);
    if (typeof entry === 'object' && entry !== null && 'Username' in entry && 'Secret' in entry) {
      const username = String(entry.Username ?? '');
      const secret = String(entry.Secret ?? '');
      return secret === '' ? undefined : { username, secret };
    }
  } catch {
    // falls through: an error of the parser would quote what it read
  }
  throw broken(`${program}, which ${file} asks for credentials, gave an answer that makes no sense.`, file);
}

function broken(message: string, file: string): Failure {
  return fail('registry.credentials', message, `Install or repair the helper, or take it out of ${file}.`);
}

/** A desktop application on macOS is started without the shell's PATH, on which the helpers are. */
function helperEnvironment(source: CredentialSource): NodeJS.ProcessEnv {
  if (source.platform !== 'darwin') {
    return source.env;
  }
  const usual = ['/usr/local/bin', '/opt/homebrew/bin', join(source.home, '.docker', 'bin')];
  return { ...source.env, PATH: [source.env.PATH, ...usual].filter(Boolean).join(delimiter) };
}

function run(
  program: string,
  input: string,
  env: NodeJS.ProcessEnv,
  file: string,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      // a helper's own children may hold its output open: do not wait for its end
      child.stdout.destroy();
      reject(broken(`${program}, which ${file} asks for credentials, did not answer in ${timeoutMs / 1000} s.`, file));
    }, timeoutMs);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(0, longestAnswer);
    });
    child.stdin.on('error', () => {});
    child.on('error', () => {
      clearTimeout(timer);
      reject(broken(`${program}, which ${file} asks for credentials, cannot be run.`, file));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
    child.stdin.end(`${input}\n`);
  });
}
