/**
 * The tag of a project by its content. The hash is that of LinuxKit (`pkglib/git.go`, `pkglib/pkglib.go`), so that both give a
 * clean package the same tag: the tree of the folder in the commit; with further folders, the SHA-1 of all trees.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ContentTag, TagRule } from '../../shared/content-tag.ts';
import { formatList } from '../../shared/format.ts';
import { parseReference } from '../../shared/image.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { pathInside, standardInput } from '../context/containerfile.ts';
import { withoutWaiting } from '../context/project-file.ts';
import { type GitAnswer, type GitOptions, runGit } from '../system/git.ts';
import { findRepository, type GitFacts, readGitFacts } from './git-facts.ts';

export interface TaggedProject {
  /** The real path of the folder. */
  readonly folder: string;
  /** May be outside the folder. */
  readonly containerfile?: string | undefined;
  /** Other folders whose files are sent, too. */
  readonly sources?: readonly string[];
  readonly rule?: TagRule | undefined;
  /** The commit whose hash it is. Default: the one that is checked out, with what differs from it. */
  readonly commit?: string | undefined;
  /** Whether a path of the folder is not sent. Without it, every new file counts. */
  readonly ignores?: ((path: string) => boolean) | undefined;
}

export interface TagFacts extends ContentTag {
  /** What git says of the folder. Missing if the tag is that of another commit. */
  readonly facts?: GitFacts;
}

type Options = Pick<GitOptions, 'signal' | 'env'>;

/** The names of all files of a large repository. */
const maxListBytes = 64 * 1024 * 1024;

/**
 * @throws Failure `project.no-git` if there is no git or no commit with the folder, `input.invalid` for a rule that gives no tag; the
 *   reason of the signal
 */
export async function readContentTag(project: TaggedProject, options: Options = {}): Promise<TagFacts> {
  const { folder, containerfile, sources = [], rule = {}, commit = 'HEAD', ignores } = project;
  const hashed = rule.folder ?? folder;
  if (pathInside(hashed, folder) === undefined && hashed !== folder) {
    throw fail(
      'input.invalid',
      `${folder} is not in ${hashed}, whose hash its tag would be.`,
      'Name a folder that it is in.',
    );
  }
  const further = [...sources, ...outsideOf(folder, containerfile)];
  if (commit !== 'HEAD') {
    const hash = rule.hash ?? (await hashOf(hashed, further, commit, options));
    return { ...tagOf(hash, rule), hash, isDirty: false, notes: [] };
  }
  const facts = await readGitFacts(
    { context: hashed, containerfile, ignores: hashed === folder ? ignores : undefined },
    options,
  );
  if ('missing' in facts) {
    return untracked(hashed, rule, facts.missing, options);
  }
  const others = await Promise.all(sources.map((source) => factsOf({ context: source }, options)));
  const isDirty = (rule.isDirty ?? false) || !facts.isClean || others.some(({ isClean }) => !isClean);
  const notes = [...facts.notes.all, ...(await ignoredNotes(folder, ignores, options))];
  if (rule.hash !== undefined) {
    return { ...tagOf(rule.hash, rule), hash: rule.hash, isDirty, notes, facts };
  }
  const clean = await hashOf(hashed, further, commit, options);
  const hash = isDirty ? `${clean}-dirty-${(await contentHash([folder, ...sources], options)).slice(0, 7)}` : clean;
  return { ...tagOf(hash, rule), hash, isDirty, notes, facts };
}

/** A tag that needs no hash of git, of a folder that git does not have. @throws Failure `project.no-git` if it needs one */
async function untracked(folder: string, rule: TagRule, why: string, options: Options): Promise<TagFacts> {
  const { hash, isDirty = false } = rule;
  if (hash === undefined && placeholder.test(templateOf(rule))) {
    throw noTag(folder, why);
  }
  const isInRepository = (await findRepository(folder, options.signal)) !== undefined;
  return { ...tagOf(hash ?? '', rule), hash: hash ?? '', isDirty: isDirty || isInRepository, notes: [why] };
}

/** A Containerfile from elsewhere, whose changes change the image, too. */
function outsideOf(folder: string, containerfile: string | undefined): string[] {
  return containerfile === undefined ||
    containerfile === standardInput ||
    pathInside(folder, containerfile) !== undefined
    ? []
    : [containerfile];
}

async function factsOf(project: Parameters<typeof readGitFacts>[0], options: Options): Promise<GitFacts> {
  const facts = await readGitFacts(project, options);
  if ('missing' in facts) {
    throw noTag(project.context, facts.missing);
  }
  return facts;
}

function noTag(path: string, why: string): Failure {
  return fail(
    'project.no-git',
    `${sanitizeLine(path)} has no tag by content: ${why}`,
    'Commit the folder in a git repository, or choose a tag yourself.',
  );
}

async function hashOf(folder: string, further: readonly string[], commit: string, options: Options): Promise<string> {
  const tree = await objectOf(folder, commit, options);
  if (further.length === 0) {
    return tree;
  }
  const others = await Promise.all(further.map((path) => objectOf(path, commit, options)));
  return createHash('sha1')
    .update([tree, ...others].join(''))
    .digest('hex');
}

/** The hash of a folder or a file in a commit. */
async function objectOf(path: string, commit: string, options: Options): Promise<string> {
  if (!/^\w[\w./~^@{}-]*$/.test(commit)) {
    throw fail('input.invalid', `"${commit}" does not name a commit.`, 'Use the hash of a commit, a branch or a tag.');
  }
  const isFile = (await lstat(path).catch(() => undefined))?.isFile() ?? false;
  const [folder, name] = isFile ? [dirname(path), basename(path)] : [path, ''];
  const answer = await runGit(folder, ['rev-parse', '--verify', '--quiet', `${commit}:./${name}`], options);
  const [hash] = (answer.ok && /^[0-9a-f]{40,64}$/m.exec(answer.output)) || [];
  if (hash === undefined) {
    throw noTag(path, `it is not in the commit ${commit}.`);
  }
  return hash;
}

const placeholder = /\{\{-?\s*\.Hash\s*-?\}\}/;

function templateOf({ template }: TagRule): string {
  return template || '{{.Hash}}';
}

/** A tag of the template. @throws Failure `input.invalid` */
function tagOf(hash: string, rule: TagRule): { readonly tag: string } {
  const template = templateOf(rule);
  const tag = template.replaceAll(new RegExp(placeholder, 'g'), () => hash);
  if (tag.includes('{{')) {
    throw fail(
      'input.invalid',
      `The tag "${template}" has a placeholder that is not known.`,
      'The only one is {{.Hash}}.',
    );
  }
  const parsed = parseReference(`x:${tag}`);
  if (typeof parsed === 'string') {
    throw fail(
      'input.invalid',
      `"${tag}" is not a valid tag.`,
      'Use 1 to 128 letters, digits, dots, dashes or underscores.',
    );
  }
  return { tag };
}

/** What tells one changed state from another: the content of all files, as LinuxKit hashes it. @throws Failure `project.no-git` */
async function contentHash(folders: readonly string[], options: Options): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const lists = await Promise.all([
      listFiles(folder, ['ls-files', '-z'], options),
      listFiles(folder, ['ls-files', '-z', '--exclude-standard', '--others'], options),
    ]);
    for (const name of lists.flat()) {
      options.signal?.throwIfAborted();
      await addFile(hash, join(folder, name));
    }
  }
  return hash.digest('hex');
}

async function addFile(hash: ReturnType<typeof createHash>, path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | withoutWaiting).catch(() => undefined);
  // neither links nor what was deleted
  if (!file) {
    return;
  }
  try {
    if ((await file.stat()).isFile()) {
      for await (const chunk of file.createReadStream({ autoClose: false })) {
        hash.update(chunk);
      }
    }
  } finally {
    await file.close();
  }
}

async function listFiles(folder: string, args: readonly string[], options: Options): Promise<string[]> {
  const answer: GitAnswer = await runGit(folder, args, { ...options, maxOutputBytes: maxListBytes });
  if (!answer.ok) {
    throw noTag(folder, 'git cannot list its files.');
  }
  return answer.output.split('\0').filter((name) => name !== '');
}

/** What git ignores and nodes get is in the image, but not in the hash. */
async function ignoredNotes(
  folder: string,
  ignores: ((path: string) => boolean) | undefined,
  options: Options,
): Promise<string[]> {
  if (!ignores) {
    return [];
  }
  const listed = await listFiles(
    folder,
    ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'],
    options,
  );
  const sent = listed.filter((name) => !ignores(name.replace(/\/$/, '')));
  const shown = sent.slice(0, 3).map((name) => sanitizeLine(name, 100));
  return sent.length === 0
    ? []
    : [
        `Git ignores ${formatList(shown)}${sent.length > shown.length ? ' and more' : ''}, which the nodes get: the tag does not tell changes in it.`,
      ];
}
