import { execFileSync } from 'node:child_process';
import { access, chmod, chown, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applyAutomatic, automaticValuesOf, readAutomaticValues } from './automatic-options.ts';
import { type GitFacts, readGitFacts } from './git-facts.ts';

/** A user without a configuration of git. */
let home: string;
/** A repository with one commit. */
let root: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'barnraiser-git-')));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});
beforeEach(async () => {
  env = { PATH: process.env.PATH, HOME: home };
  root = await mkdtemp(join(home, 'repository-'));
  git(root, 'init', '--quiet', '--initial-branch=main');
  await commit(root, { Containerfile: 'FROM scratch\n', 'api/Containerfile': 'FROM scratch\n' });
});

function git(folder: string, ...args: string[]): string {
  const author = ['-c', 'user.name=Anna', '-c', 'user.email=anna@example.com', '-c', 'protocol.file.allow=always'];
  return execFileSync('git', ['-C', folder, ...author, ...args], {
    env: { ...env, GIT_COMMITTER_DATE: '2026-02-03T05:05:06+01:00', GIT_AUTHOR_DATE: '2020-01-01T00:00:00Z' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** @returns the name of the commit */
async function commit(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  await write(folder, files);
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--allow-empty', '--message=x');
  return git(folder, 'rev-parse', 'HEAD');
}

async function factsOf(context: string, containerfile?: string): Promise<GitFacts> {
  const facts = await readGitFacts({ context, containerfile }, { env });
  return 'missing' in facts ? expect.fail(facts.missing) : facts;
}

async function whyMissing(context: string): Promise<string> {
  const facts = await readGitFacts({ context }, { env });
  return 'missing' in facts ? facts.missing : expect.fail('there are facts');
}

describe('a repository', () => {
  test('has a commit with its time, an address without credentials, and a version of Go', async () => {
    git(root, 'remote', 'add', 'origin', 'https://anna:secret@github.com/team/api.git');
    const head = git(root, 'rev-parse', 'HEAD');
    expect(await factsOf(root)).toEqual({
      root,
      prefix: '',
      commit: head,
      seconds: Date.UTC(2026, 1, 3, 4, 5, 6) / 1000,
      isClean: true,
      source: 'https://github.com/team/api',
      goVersion: `v0.0.0-20260203040506-${head.slice(0, 12)}`,
      notes: { all: [], version: 'The commit has no tag.', goVersion: 'The commit has no tag.' },
    });
  });

  test('has the address of the remote that its branch tracks, else of origin, else of the only one', async () => {
    git(root, 'remote', 'add', 'fork', 'git@github.com:anna/api.git');
    expect((await factsOf(root)).source).toBe('https://github.com/anna/api');
    git(root, 'remote', 'add', 'other', 'git@github.com:other/api.git');
    expect((await factsOf(root)).notes.source).toMatch(/several remotes/);
    git(root, 'remote', 'add', 'origin', 'git@github.com:team/api.git');
    expect((await factsOf(root)).source).toBe('https://github.com/team/api');
    git(root, 'config', 'branch.main.remote', 'fork');
    expect((await factsOf(root)).source).toBe('https://github.com/anna/api');
  });

  test('has no address if its remote is a folder', async () => {
    git(root, 'remote', 'add', 'origin', home);
    const { source, notes } = await factsOf(root);
    expect(source).toBeUndefined();
    expect(notes.source).toMatch(/folder/);
  });

  test('is the same for a worktree, a detached HEAD, and with variables of git in the environment', async () => {
    git(root, 'tag', 'v1.0.0');
    const head = git(root, 'rev-parse', 'HEAD');
    const worktree = join(home, `worktree-${head.slice(0, 8)}`);
    git(root, 'worktree', 'add', '--quiet', '--detach', worktree);
    env.GIT_DIR = '/nowhere';
    env.GIT_CONFIG_PARAMETERS = "'core.bare=true'";
    expect(await factsOf(worktree)).toMatchObject({ root: worktree, commit: head, version: 'v1.0.0', isClean: true });
  });

  test('is not clean if files are changed or new, also a Containerfile beside the context', async () => {
    const api = join(root, 'api');
    const { goVersion } = await factsOf(api);
    await write(root, { 'new.txt': '' });
    expect((await factsOf(root)).isClean).toBe(false);
    expect((await factsOf(api)).isClean).toBe(true);
    await write(root, { Containerfile: 'FROM scratch\nUSER 1\n' });
    expect((await factsOf(api)).isClean).toBe(true);
    const outside = await factsOf(api, join(root, 'Containerfile'));
    expect(outside).toMatchObject({ isClean: false, goVersion: `${goVersion}+dirty` });
    expect(outside.notes.all).toEqual(['Files of the project differ from the commit.']);
  });

  test('is clean if only times of files have changed', async () => {
    await rm(join(root, 'Containerfile'));
    await write(root, { Containerfile: 'FROM scratch\n' });
    expect((await factsOf(root)).isClean).toBe(true);
  });

  test('has the highest version of two tags at its commit, and says so', async () => {
    for (const tag of ['v1.9.0', 'v1.10.0', 'v1.10.0-rc.1', 'latest']) {
      git(root, 'tag', ...(tag === 'v1.9.0' ? ['-a', '-m', tag] : []), tag);
    }
    const { version, goVersion, notes } = await factsOf(root);
    expect([version, goVersion]).toEqual(['v1.10.0', 'v1.10.0']);
    expect(notes.version).toMatch(/^The commit has 4 tags \(.*v1\.9\.0.*\): the highest version counts\.$/);
  });

  test('has a tag that is no version only if it is the only one', async () => {
    git(root, 'tag', 'stable');
    expect((await factsOf(root)).version).toBe('stable');
    git(root, 'tag', 'latest');
    const { version, notes } = await factsOf(root);
    expect(version).toBeUndefined();
    expect(notes.version).toBe('None of the tags of the commit is a version: latest and stable.');
  });

  test('has a pseudo-version after its highest older tag', async () => {
    git(root, 'tag', 'v1.2.3');
    git(root, 'tag', 'v1.10.0');
    const head = await commit(root, { x: '' });
    const { version, goVersion } = await factsOf(root);
    expect(version).toBeUndefined();
    expect(goVersion).toBe(`v1.10.1-0.20260203040506-${head.slice(0, 12)}`);
  });

  test('has versions of its own for a subfolder', async () => {
    git(root, 'tag', 'v2.0.0');
    git(root, 'tag', 'api/v0.3.0');
    expect(await factsOf(join(root, 'api'))).toMatchObject({ prefix: 'api', version: 'v0.3.0', goVersion: 'v0.3.0' });
    expect((await factsOf(root)).version).toBe('v2.0.0');
    const head = await commit(root, { x: '' });
    expect((await factsOf(join(root, 'api'))).goVersion).toBe(`v0.3.1-0.20260203040506-${head.slice(0, 12)}`);
  });

  test('may be a shallow clone, of which that is said', async () => {
    git(root, 'tag', 'v1.0.0');
    await commit(root, { x: '' });
    const clone = join(home, `shallow-${Math.random()}`);
    git(home, 'clone', '--quiet', '--depth=1', '--no-tags', `file://${root}`, clone);
    const { goVersion, notes } = await factsOf(clone);
    expect(goVersion).toMatch(/^v0\.0\.0-/);
    expect(notes.goVersion).toBe('The clone is shallow: older tags may be missing.');
  });

  test('of a submodule is its own; a change in it makes the outer project unclean', async () => {
    const library = await mkdtemp(join(home, 'library-'));
    git(library, 'init', '--quiet');
    const head = await commit(library, { 'library.c': '' });
    git(root, 'submodule', '--quiet', 'add', library, 'library');
    await commit(root, {});
    expect(await factsOf(join(root, 'library'))).toMatchObject({ root: join(root, 'library'), commit: head });
    expect((await factsOf(root)).isClean).toBe(true);
    await write(join(root, 'library'), { 'library.c': 'changed' });
    expect((await factsOf(root)).isClean).toBe(false);
    expect((await factsOf(join(root, 'api'))).isClean).toBe(true);
    git(join(root, 'library'), 'add', '--all');
    git(join(root, 'library'), 'commit', '--quiet', '--message=x');
    expect((await factsOf(root)).isClean).toBe(false);
  });
});

describe('there are no facts, and a reason,', () => {
  test('outside a repository', async () => {
    expect(await whyMissing(home)).toBe('The project is in no git repository.');
  });

  test('without a commit', async () => {
    const empty = await mkdtemp(join(home, 'empty-'));
    git(empty, 'init', '--quiet');
    expect(await whyMissing(empty)).toBe('The repository has no commits yet.');
  });

  test('without git', async () => {
    env.PATH = home;
    expect(await whyMissing(root)).toBe('There is no git on this computer.');
  });

  test('for a folder that the repository ignores', async () => {
    await commit(root, { '.gitignore': 'scratch\n' });
    await write(root, { 'scratch/Containerfile': 'FROM scratch\n' });
    expect(await whyMissing(join(root, 'scratch'))).toMatch(/does not have the folder/);
  });

  test.skipIf(process.getuid?.() !== 0)('for a repository of another user that is not in safe.directory', async () => {
    await chown(root, 12345, 12345);
    await chown(join(root, '.git'), 12345, 12345);
    expect(await whyMissing(root)).toContain(`\`git config --global --add safe.directory ${root}\``);
    git(home, 'config', '--global', 'safe.directory', root);
    expect((await factsOf(root)).isClean).toBe(true);
    await rm(join(home, '.gitconfig'));
  });
});

test('the configuration of a repository runs no program', async () => {
  const proof = join(home, 'proof');
  const program = join(home, 'program');
  await writeFile(program, `#!/bin/sh\necho "$0 $*" >> ${proof}\ncat\n`);
  await chmod(program, 0o755);
  const settings = {
    'core.fsmonitor': program,
    'core.hooksPath': dirname(program),
    'core.sshCommand': program,
    'core.pager': program,
    'core.editor': program,
    'core.askPass': program,
    'core.gitProxy': program,
    'core.alternateRefsCommand': program,
    'credential.helper': program,
    'diff.external': program,
    'diff.evil.textconv': program,
    'diff.evil.command': program,
    'gpg.program': program,
    'log.showSignature': 'true',
    'interactive.diffFilter': program,
    'filter.evil.clean': program,
    'filter.evil.smudge': program,
    'filter.evil.process': program,
    'filter.evil.required': 'true',
    'filter.odd name.x.clean': program,
    'alias.status': `!${program}`,
    'alias.rev-parse': `!${program}`,
    'extensions.partialClone': 'origin',
    'remote.origin.promisor': 'true',
    'remote.origin.url': `ext::${program}`,
    'remote.origin.uploadpack': program,
    'protocol.ext.allow': 'always',
    'protocol.allow': 'always',
    'includeIf.gitdir:/.path': 'more',
    'status.submoduleSummary': 'true',
    'submodule.recurse': 'true',
  };
  const library = await mkdtemp(join(home, 'library-'));
  git(library, 'init', '--quiet');
  await commit(library, { 'library.c': '' });
  git(root, 'submodule', '--quiet', 'add', library, 'library');
  await commit(root, { '.gitattributes': '* filter=evil diff=evil\n*.c filter="odd name.x"\n', 'a.txt': 'a\n' });
  git(root, 'tag', '-a', '-m', 'x', 'v1.0.0');
  for (const folder of [root, join(root, 'library')]) {
    await write(folder, { 'hooks/post-index-change': '' });
    for (const [key, value] of Object.entries(settings)) {
      execFileSync('git', ['-C', folder, 'config', '--local', key, value], { env });
    }
  }
  await write(root, { 'a.txt': 'b\n' });
  await write(join(root, '.git', 'modules', 'library', 'info'), { attributes: '* filter=evil\n' });
  await write(join(root, 'library'), { 'library.c': ' ' });
  // the same size and changed times: git has to read the content
  await write(root, { Containerfile: 'FROM scratcH\n' });
  for (const name of ['post-index-change', 'fsmonitor-watchman', 'pre-auto-gc', 'reference-transaction']) {
    await symlink(program, join(home, name)).catch(() => undefined);
  }
  // an object that is missing would be fetched from the promisor
  const blob = git(root, 'rev-parse', 'HEAD:api/Containerfile');
  await rm(join(root, '.git', 'objects', blob.slice(0, 2), blob.slice(2)));
  await write(root, { 'api/Containerfile': 'FROM scratcH\n' });

  const facts = await factsOf(root);
  expect(facts).toMatchObject({ isClean: false, version: 'v1.0.0' });
  expect(facts.source).toBeUndefined();
  await expect(access(proof)).rejects.toThrow('ENOENT');
  // git as it is runs the filter, and fails, because the program is none
  const status = ['-C', root, '-c', 'core.fsmonitor=false', 'status', '--porcelain'];
  expect(() => execFileSync('git', status, { env, stdio: 'ignore' })).toThrow();
  await access(proof);
});

describe('automatic options', () => {
  const all = {
    args: ['SOURCE', 'REVISION', 'GOPKGVERSION'],
    labels: [
      'org.opencontainers.image.revision',
      'org.opencontainers.image.created',
      'org.opencontainers.image.version',
    ],
  } as const;
  const automatic = { args: [...all.args], labels: [...all.labels] };

  /** The user of the tests has no configuration either that would matter. */
  const valuesOf = (declared: string[]) => readAutomaticValues({ context: root }, declared);

  test('are the declared arguments and the labels that were asked for, without those that the user gives', async () => {
    git(root, 'tag', 'v1.0.0');
    git(root, 'remote', 'add', 'origin', 'git@github.com:team/api.git');
    const head = git(root, 'rev-parse', 'HEAD');
    const values = await valuesOf(['SOURCE', 'REVISION']);
    expect(
      applyAutomatic(values, automatic, {
        buildArgs: { SOURCE: './src' },
        labels: { 'org.opencontainers.image.version': '1' },
      }),
    ).toEqual({
      args: { REVISION: head },
      labels: {
        'org.opencontainers.image.revision': head,
        'org.opencontainers.image.created': '2026-02-03T04:05:06Z',
      },
      notes: [],
    });
    expect(applyAutomatic(values, {}, { buildArgs: {}, labels: {} })).toEqual({ args: {}, labels: {}, notes: [] });
  });

  test('of a commit that was fetched for the build are what is known of it, without a login', async () => {
    const commitId = '0123456789abcdef0123456789abcdef01234567';
    const containerfile = {
      path: 'Containerfile',
      name: '',
      content: Buffer.from('ARG REVISION\nARG GOPKGVERSION\n'),
      parts: [],
    };
    const source = {
      context: 'https://github.com/team/api.git#main',
      folder: root,
      project: '',
      name: '',
      isForeign: true,
    };
    const opened = { source: { ...source, commit: commitId, release: () => undefined }, folder: root, containerfile };
    const applied = applyAutomatic(await automaticValuesOf(opened, undefined), automatic, {
      buildArgs: {},
      labels: {},
    });
    expect(applied).toEqual({
      args: { REVISION: commitId },
      labels: { 'org.opencontainers.image.revision': commitId },
      notes: [expect.stringMatching(/^GOPKGVERSION, .*created and .*version: It is known only of a folder/)],
    });
    const archive = { ...opened, source: { ...source, context: '/x.tar', release: () => undefined } };
    expect((await automaticValuesOf(archive, undefined)).notes).toEqual([
      'The project is in no folder with a git repository.',
    ]);
  });

  test('name no commit in labels if files differ from it, and say so in arguments', async () => {
    await write(root, { x: '' });
    const head = git(root, 'rev-parse', 'HEAD');
    const applied = applyAutomatic(await valuesOf(['REVISION', 'GOPKGVERSION']), automatic, {
      buildArgs: {},
      labels: {},
    });
    expect(applied.args).toEqual({
      REVISION: `${head}-dirty`,
      GOPKGVERSION: `v0.0.0-20260203040506-${head.slice(0, 12)}+dirty`,
    });
    expect(applied.labels).toEqual({});
    expect(applied.notes[0]).toBe('Files of the project differ from the commit.');
  });
});
