import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, fail } from '../../shared/failure.ts';
import { type GitSource, wholeCommit } from '../../shared/git-url.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { abortable } from '../system/abortable.ts';
import { diskFailure } from '../system/file-errors.ts';
import { takeLock } from '../system/file-lock.ts';
import { KeyedMutex } from '../system/keyed-mutex.ts';
import { type GitOptions, runGit } from './git.ts';

/** So many repositories are kept. The one that was used longest ago is removed first. */
const maxRepositories = 32;

/** Names in the folder that no git uses any more, in milliseconds. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

export interface GitTask extends Pick<GitOptions, 'signal' | 'onProgress'> {
  readonly credentials?: GitSource['credentials'];
}

/** Milliseconds that another process may take to fetch. */
const lockTimeoutMs = 30 * 60_000;

/** What is asked of a repository. */
export type GitWish = Pick<GitSource, 'remote' | 'ref' | 'commit'>;

const fetching = new KeyedMutex<never>();

/**
 * The repositories that projects come from: a bare copy of each, with only the commits that were built, so that the next one is
 * fetched as a difference. Several processes may use it at once, since git adds objects and never changes one.
 */
export class GitRepositories {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Makes sure that a commit is there. Resolves with its id and the folder of the bare repository.
   * @throws Failure `source.*`, `disk.full`; the reason of the signal
   */
  async fetch(wish: GitWish, task: GitTask): Promise<{ readonly repository: string; readonly commit: string }> {
    const { remote, ref, commit } = wish;
    const repository = join(this.#folder, `${createHash('sha256').update(remote).digest('hex').slice(0, 24)}.git`);
    const release = await lockRepository(repository, task.signal);
    try {
      await this.#open(repository, remote, task);
      const exact = ref === undefined || wholeCommit.test(ref) ? (commit ?? ref) : undefined;
      const found =
        exact !== undefined && wholeCommit.test(exact)
          ? await this.#fetchCommit(repository, remote, exact, task)
          : await this.#fetchReference(repository, remote, ref, task);
      if (commit !== undefined && !found.startsWith(commit)) {
        throw fail(
          'source.reference',
          `${ref ?? 'The default branch'} of ${remote} is at commit ${found}, and not at ${commit}.`,
          'Correct the commit in the URL, or leave it out.',
        );
      }
      await utimes(repository, new Date(), new Date());
      return { repository, commit: found };
    } finally {
      release();
    }
  }

  async #open(repository: string, remote: string, { signal }: GitTask): Promise<void> {
    const isThere = await stat(join(repository, 'HEAD')).then(
      () => true,
      () => false,
    );
    if (isThere) {
      return;
    }
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#prune();
    } catch (error) {
      throw diskFailure(error, repository);
    }
    // an empty template has no hooks
    await runGit({ args: ['init', '--quiet', '--bare', '--template=', repository], purpose: 'files', remote, signal });
  }

  /** Fetches a commit by its id alone, which servers may refuse: then everything is fetched. */
  async #fetchCommit(repository: string, remote: string, commit: string, task: GitTask): Promise<string> {
    if (await has(repository, remote, commit, task)) {
      return commit;
    }
    await this.#fetch(repository, remote, ['--depth=1'], [commit], task).catch(async (error: unknown) => {
      task.signal.throwIfAborted();
      const isShallow = await stat(join(repository, 'shallow')).then(
        () => true,
        () => false,
      );
      await this.#fetch(
        repository,
        remote,
        isShallow ? ['--unshallow'] : [],
        ['+refs/heads/*:refs/barnraiser/heads/*', '+refs/tags/*:refs/barnraiser/tags/*'],
        task,
      ).catch(() => {
        throw error;
      });
    });
    if (!(await has(repository, remote, commit, task))) {
      throw fail(
        'source.reference',
        `There is no commit ${commit} in ${remote}.`,
        'Check the commit. If it is on no branch and no tag, name one that has it.',
      );
    }
    return commit;
  }

  async #fetchReference(repository: string, remote: string, ref: string | undefined, task: GitTask): Promise<string> {
    const listed = await this.#list(remote, ref, task);
    const [name, commit] = listed;
    if (!(await has(repository, remote, commit, task))) {
      const local = `refs/barnraiser/${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
      const refspecs = [`+${name}:${local}`];
      await this.#fetch(repository, remote, ['--depth=1'], refspecs, task).catch(async (error: unknown) => {
        task.signal.throwIfAborted();
        // a server of files alone cannot leave out what came before
        await this.#fetch(repository, remote, [], refspecs, task).catch(() => {
          throw error;
        });
      });
      // the branch may have moved meanwhile
      const args = ['--git-dir', repository, 'rev-parse', '--verify', '--quiet', `${local}^{commit}`];
      return (await runGit({ args, purpose: 'files', remote, signal: task.signal })).trim();
    }
    return commit;
  }

  /** The full name of a reference on the server, and the commit that it is at. Tags come before branches, as in git. */
  async #list(
    remote: string,
    ref: string | undefined,
    task: GitTask,
  ): Promise<readonly [name: string, commit: string]> {
    const names =
      ref === undefined
        ? ['HEAD']
        : ref.startsWith('refs/')
          ? [ref]
          : [`refs/tags/${ref}`, `refs/heads/${ref}`, ref, `refs/${ref}`];
    const output = await runGit({
      args: ['ls-remote', '--quiet', '--', remote, ...names.flatMap((name) => [name, `${name}^{}`])],
      purpose: 'server',
      remote,
      ...task,
    });
    const found = new Map(
      output
        .split('\n')
        .map((line) => line.split('\t'))
        .map(([id = '', name = '']) => [name, id]),
    );
    for (const name of names) {
      const commit = found.get(`${name}^{}`) ?? found.get(name);
      if (commit !== undefined && wholeCommit.test(commit)) {
        return [name, commit];
      }
    }
    throw ref === undefined
      ? fail('source.reference', `${remote} has no commits.`, 'Push a commit to it first.')
      : fail(
          'source.reference',
          `There is no branch, tag or commit ${sanitizeLine(ref)} in ${remote}.`,
          'Check the part of the URL after #. A commit is named by its whole id.',
        );
  }

  async #fetch(
    repository: string,
    remote: string,
    options: readonly string[],
    refspecs: readonly string[],
    task: GitTask,
  ): Promise<void> {
    const fixed = ['--progress', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', '--force'];
    await runGit({
      args: ['--git-dir', repository, 'fetch', ...fixed, ...options, '--', remote, ...refspecs],
      purpose: 'server',
      remote,
      ...task,
    });
  }

  /** Removes the repositories that were used longest ago. One that is in use was used just now. */
  async #prune(): Promise<void> {
    const names = await readdir(this.#folder);
    const found = await Promise.all(
      names.map(async (name) => ({
        path: join(this.#folder, name),
        usedMs: (await stat(join(this.#folder, name)).catch(() => undefined))?.mtimeMs ?? 0,
        isWhole: name.endsWith('.git'),
      })),
    );
    const newestFirst = found.filter(({ isWhole }) => isWhole).sort((one, other) => other.usedMs - one.usedMs);
    const abandoned = found.filter(({ isWhole, usedMs }) => !isWhole && Date.now() - usedMs > abandonedAfterMs);
    for (const { path } of [...newestFirst.slice(maxRepositories - 1), ...abandoned]) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function has(repository: string, remote: string, commit: string, { signal }: GitTask): Promise<boolean> {
  const args = ['--git-dir', repository, 'cat-file', '-e', `${commit}^{commit}`];
  return runGit({ args, purpose: 'files', remote, signal }).then(
    () => true,
    (error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof Failure) {
        return false;
      }
      throw error;
    },
  );
}

/** One fetch at a time, in this process and others: git would not wait for another one. */
async function lockRepository(repository: string, signal: AbortSignal): Promise<() => void> {
  const own = await fetching.acquire(repository, signal);
  signal.throwIfAborted();
  const taking = mkdir(dirname(repository), { recursive: true, mode: 0o700 }).then(() =>
    takeLock(repository, { staleMs: 5_000, timeoutMs: lockTimeoutMs, onCompromised: () => undefined }),
  );
  const release = (): void => {
    void taking.then((unlock) => unlock()).catch(() => undefined);
    own?.release(undefined);
  };
  try {
    await abortable(signal, taking);
    // of a git that was killed
    await rm(join(repository, 'shallow.lock'), { force: true });
    return release;
  } catch (error) {
    release();
    throw error;
  }
}
