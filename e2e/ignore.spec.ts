import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listContext } from '../electron/context/contents.ts';
import { packContext } from '../electron/context/spool.ts';
import { Failure } from '../shared/problem.ts';
import { cases, type IgnoreCase, tree } from './ignore-cases.ts';
import { labUp, nodeShell } from './lab/lab.ts';
import { nodeFolder, nodeRow } from './lab/node-table.ts';

const run = promisify(execFile);
/** The node whose podman builds: its command, not its service, since that takes a folder as it is. */
const node = 'amd-a';
/** Where the node sees its folder. */
const seen = '/run/node';
let folder: string;

beforeAll(async () => {
  await labUp();
  folder = await mkdtemp(join(nodeFolder(nodeRow(node)), 'ignore-spec-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

// podman builds each tree as it is, and once more from what we packed of it; both times it applies the rules itself
describe.concurrent('an image built from a packed context', () => {
  it.each(cases.map((each, index) => ({ ...each, home: String(index) })))(
    'obeys $name as podman does',
    async (each) => {
      const home = join(folder, each.home);
      const context = join(home, 'context');
      await lay(context, {
        ...tree,
        ...(each.ignore === undefined ? {} : { '.dockerignore': each.ignore }),
        ...each.files,
      });
      if (each.refused) {
        await expect(imageOf(home, 'theirs', context, each)).rejects.toThrow(/pattern|range/);
        const refusal: unknown = await unpacked(home, context, each).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(Failure);
        expect(refusal).toMatchObject({ problem: { code: 'context.ignore-file' } });
        return;
      }
      const theirs = await imageOf(home, 'theirs', context, each);
      const ours = await imageOf(home, 'ours', await unpacked(home, context, each), each);
      const onlyPodman = each.onlyPodman ?? [];
      expect(theirs).toEqual(expect.arrayContaining([...onlyPodman]));
      expect(ours).toEqual(theirs.filter((path) => !onlyPodman.includes(path)));

      // podman would also drop what should not have been sent to it, so that is looked at as well
      const sent = await listContext({ context, ...fileOf(context, each) });
      const needed = /(^|\/)Containerfile$|\.(docker|container)ignore$/;
      const tooMuch = sent.filter((path) => !path.endsWith('/') && !needed.test(path) && !theirs.includes(path));
      expect(tooMuch).toEqual(each.onlySent ?? []);
    },
  );
});

async function lay(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const place = join(root, path);
    await mkdir(path.endsWith('/') ? place : dirname(place), { recursive: true });
    if (content.startsWith('->')) {
      await symlink(content.slice(2), place);
    } else if (!path.endsWith('/')) {
      await writeFile(place, content);
    }
  }
}

/** Packs a context and unpacks the tar beside it. */
async function unpacked(home: string, context: string, each: IgnoreCase): Promise<string> {
  const folder = join(home, 'unpacked');
  await mkdir(folder);
  const packed = await packContext({
    context,
    ...fileOf(context, each),
    spoolFolder: join(home, 'spool'),
  });
  try {
    const tar = join(home, 'context.tar');
    await writeFile(tar, packed.open());
    await run('tar', ['-xf', tar, '-C', folder]);
  } finally {
    await packed.close();
  }
  return folder;
}

function fileOf(context: string, { containerfile }: IgnoreCase): { file?: string } {
  return containerfile === undefined ? {} : { file: join(context, containerfile) };
}

/** Every path of the image that podman builds from a folder; folders end in a slash. */
async function imageOf(home: string, name: string, context: string, { containerfile }: IgnoreCase): Promise<string[]> {
  const image = join(home, name);
  const onNode = (path: string) => join(seen, relative(nodeFolder(nodeRow(node)), path));
  const { code, stderr } = await nodeShell(
    node,
    [
      ...['podman', '--root', join(onNode(folder), 'root'), '--runroot', join(onNode(folder), 'runroot')],
      ...['--storage-driver', 'vfs', 'build', '--quiet', '--layers=false', '--output', onNode(image)],
      ...(containerfile === undefined ? [] : ['--file', onNode(join(context, containerfile))]),
      onNode(context),
    ].join(' '),
  );
  if (code !== 0) {
    throw new Error(`podman build ended with ${code}: ${stderr}`);
  }
  const entries = await readdir(image, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => `${relative(image, join(entry.path, entry.name))}${entry.isDirectory() ? '/' : ''}`)
    .sort();
}
