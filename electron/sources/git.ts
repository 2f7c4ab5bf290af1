/** Runs the user's git: with their keys and credential helpers where it asks a server, and with no configuration where it writes files. */
import { spawn } from 'node:child_process';
import { fail } from '../../shared/failure.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { errnoCode } from '../system/file-errors.ts';
import { signalGroup } from '../system/process-group.ts';
import { gitProblem } from './git-problems.ts';

export interface GitOptions {
  readonly args: readonly string[];
  /** `server`: asks a server, with the user's configuration. `files`: reads or writes files, with none. */
  readonly purpose: 'server' | 'files';
  /** The remote, without a login, for messages and for what is allowed. */
  readonly remote: string;
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Called with what git is doing, such as `Receiving objects: 45% (450/1000), 1.20 MiB`. */
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** Lists of references and of submodules. In bytes. */
const maxOutputBytes = 32 * 1024 * 1024;

/** The last lines of what git says of an error. In characters. */
const maxErrorLength = 20_000;

/** Milliseconds after which a git that was asked to end is killed. */
const killAfterMs = 2_000;

/** Milliseconds for the rest of the output after git has ended. */
const afterExitMs = 500;

/** Nothing that a repository or a template brings is run. */
const noPrograms = ['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'gc.auto=0', 'maintenance.auto=false'];

/**
 * Resolves with what git prints. When the signal aborts, git and the programs that it has started are ended.
 * @throws Failure `source.git` and `source.access`; the reason of the signal
 */
export async function runGit(options: GitOptions): Promise<string> {
  const { args, signal, remote, onProgress } = options;
  signal.throwIfAborted();
  const settings = noPrograms.flatMap((setting) => ['-c', setting]);
  const child = spawn('git', [...settings, ...args], {
    env: await environment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
    // without a terminal, no program can ask for a password there
    detached: true,
    windowsHide: true,
  });
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    const { pid } = child;
    if (pid !== undefined) {
      signalGroup(pid, 'SIGTERM');
      timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), killAfterMs);
    }
  };
  signal.addEventListener('abort', stop, { once: true });
  const output: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxOutputBytes) {
      output.push(chunk);
    } else {
      stop();
    }
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-maxErrorLength);
    const last = text
      .split(/[\r\n]/)
      .map((line) => sanitizeLine(line))
      .findLast((line) => /^(?:Receiving|Resolving|Updating|remote: (?:Counting|Compressing|Enumerating))/.test(line));
    if (last !== undefined) {
      onProgress?.(last.replace(/^remote: /, ''));
    }
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
      // a connection that ssh keeps open for later keeps the streams open, too
      child.once('exit', (exitCode) => void setTimeout(() => resolve(exitCode), afterExitMs));
    });
    signal.throwIfAborted();
    if (code !== 0 || bytes > maxOutputBytes) {
      throw gitProblem(remote, hideLogin(errors, options), bytes > maxOutputBytes);
    }
    return Buffer.concat(output).toString('utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') {
      throw fail(
        'source.git',
        'There is no git on this computer, which is needed to get a project from a repository.',
        'Install git, or use a folder.',
        undefined,
        error,
      );
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    child.stdout.destroy();
    child.stderr.destroy();
    if (child.pid !== undefined && signal.aborted) {
      signalGroup(child.pid, 'SIGKILL');
    }
  }
}

/** Of the user's environment, what would make git work on another repository is left out. */
const otherRepository =
  /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|NAMESPACE|PREFIX|.*OBJECT_DIRECTOR(?:Y|IES)|TRACE.*)$/;

async function environment({ purpose, remote, credentials, env, signal }: GitOptions): Promise<NodeJS.ProcessEnv> {
  const kept = Object.entries(process.env).filter(([name]) => !otherRepository.test(name));
  const common = {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    ...env,
  };
  if (purpose === 'files') {
    return {
      ...common,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_SYSTEM: '/dev/null',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_COUNT: '0',
      GIT_ATTR_NOSYSTEM: '1',
      XDG_CONFIG_HOME: '/dev/null',
      GIT_ALLOW_PROTOCOL: 'none',
      GIT_LFS_SKIP_SMUDGE: '1',
    };
  }
  return {
    ...common,
    // no program may open a window that waits for a person
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GCM_INTERACTIVE: 'never',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_ALLOW_PROTOCOL: `https:http:ssh:git${remote.startsWith('file:') ? ':file' : ''}`,
    ...(process.env.GIT_SSH === undefined || process.env.GIT_SSH_COMMAND !== undefined
      ? { GIT_SSH_COMMAND: `${await sshCommand(signal)} -o BatchMode=yes` }
      : {}),
    ...loginVariables(remote, credentials),
  };
}

/** The command that the user has chosen for ssh. */
async function sshCommand(signal: AbortSignal): Promise<string> {
  const given = process.env.GIT_SSH_COMMAND;
  if (given) {
    return given;
  }
  const configured = await new Promise<string>((resolve) => {
    const child = spawn('git', ['config', '--global', '--includes', '--get', 'core.sshCommand'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      signal,
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.once('error', () => resolve(''));
    child.once('close', () => resolve(text.trim()));
  });
  return configured || 'ssh';
}

/** A helper for the host of the remote gives its login, so that it is in no argument and no file, and goes to no other host. */
function loginVariables(remote: string, credentials: GitOptions['credentials']): Record<string, string> {
  if (!credentials) {
    return {};
  }
  const count = Number(process.env.GIT_CONFIG_COUNT ?? 0);
  const key = `credential.${new URL(remote).origin}.helper`;
  const helper =
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$BARNRAISER_GIT_USER" "$BARNRAISER_GIT_PASSWORD"; }; f';
  return {
    GIT_CONFIG_COUNT: String(count + 2),
    // an empty one takes away the others
    [`GIT_CONFIG_KEY_${count}`]: key,
    [`GIT_CONFIG_VALUE_${count}`]: '',
    [`GIT_CONFIG_KEY_${count + 1}`]: key,
    [`GIT_CONFIG_VALUE_${count + 1}`]: helper,
    BARNRAISER_GIT_USER: credentials.username,
    BARNRAISER_GIT_PASSWORD: credentials.password,
  };
}

function hideLogin(text: string, { credentials }: GitOptions): string {
  const { username = '', password = '' } = credentials ?? {};
  return [password, username]
    .filter((secret) => secret.length > 3)
    .reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text);
}
