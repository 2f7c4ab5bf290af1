/** Runs the user's git to read a repository that is not trusted: nothing that its configuration names is run. */
import { spawn } from 'node:child_process';
import { devNull } from 'node:os';
import { homeFolder } from './local-user.ts';
import { signalGroup } from './process-group.ts';

/** More than git prints about a repository of any size, except for lists of its files. */
const defaultMaxBytes = 1024 * 1024;

/** Beyond this, a build does not wait for git. */
const timeoutMs = 10_000;

/** Why git did not answer. */
export type GitProblem =
  /** There is no git on this computer. */
  | 'missing'
  /** It took too long, or printed too much. */
  | 'limit'
  /** It exited with another code than 0. */
  | 'failed';

export type GitAnswer =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly problem: GitProblem; readonly errors: string };

export interface GitOptions {
  readonly signal?: AbortSignal | undefined;
  /** More settings, as `key=value`. They win over all others. */
  readonly settings?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly maxOutputBytes?: number;
}

/**
 * Settings of a repository that name programs which the commands used here would run. Those of filters have names of their own,
 * see `localFilterSettings` in `projects/git-facts.ts`. Commands that run other programs (`log` verifies signatures, `diff` runs
 * external tools, `fetch` runs transports) are not used.
 */
const safeSettings: readonly string[] = [
  'core.fsmonitor=false',
  `core.hooksPath=${devNull}`,
  // a folder of the project that is laid out as a repository is not taken for one
  'safe.bareRepository=explicit',
];

/** Without all variables of git: they could lead to another repository, or to programs. What the user's files say counts. */
export function gitEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !/^GIT_/i.test(name))),
    // what it prints is compared
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_LITERAL_PATHSPECS: '1',
    // an object that a partial clone lacks is not fetched, since that would run what the repository names as a transport
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
  };
}

/** Runs git in a folder. @throws the reason of the signal */
export function runGit(
  folder: string,
  args: readonly string[],
  { signal, settings = [], env = process.env, maxOutputBytes = defaultMaxBytes }: GitOptions = {},
): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const all = [...safeSettings, ...settings].flatMap((setting) => ['-c', setting]);
    const child = spawn('git', ['--no-pager', '-C', folder, ...all, ...args], {
      // Windows would find a git.exe in the current folder
      cwd: homeFolder(),
      env: gitEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      // a group of its own, so that what it started ends with it
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const stop = (): void => {
      if (child.pid !== undefined) {
        signalGroup(child.pid, 'SIGKILL');
      }
    };
    let isOverLimit = false;
    const exceed = (): void => {
      isOverLimit = true;
      stop();
    };
    const onAbort = (): void => {
      stop();
      reject(signal?.reason);
    };
    const timer = setTimeout(exceed, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxOutputBytes) {
        exceed();
      } else {
        chunks.push(chunk);
      }
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(0, 4_000);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      release();
      resolve({ ok: false, problem: error.code === 'ENOENT' ? 'missing' : 'failed', errors: error.message });
    });
    child.once('close', (code) => {
      release();
      resolve(
        code === 0 && !isOverLimit
          ? { ok: true, output: Buffer.concat(chunks).toString('utf8') }
          : { ok: false, problem: isOverLimit ? 'limit' : 'failed', errors },
      );
    });
  });
}
