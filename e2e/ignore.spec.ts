/** Compares the ignore rules with those of podman on a node. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listContext } from '../electron/context/contents.ts';
import { packContext } from '../electron/context/pack-context.ts';
import { Failure } from '../shared/problem.ts';
import { cases, type IgnoreCase, tree } from './ignore-cases.ts';
import { labUp, runOnNode } from './lab/lab.ts';
import { nodeFolder, nodeRow } from './lab/node-table.ts';

const run = promisify(execFile);
/** The node that builds, with the podman command instead of the service: the command accepts a folder as context. */
const node = 'amd-a';
/** The path at which the node's folder is mounted in the node. */
const folderOnNode = '/run/node';
let folder: string;

beforeAll(async () => {
  await labUp();
  folder = await mkdtemp(join(nodeFolder(nodeRow(node)), 'ignore-spec-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

// podman builds each tree directly and from our packed context, and applies the ignore rules both times
describe.concurrent('an image built from a packed context', () => {
  it.each(cases.map((each, index) => ({ ...each, home: String(index) })))(
    'ignores the same files as podman: $name',
    async (each) => {
      const home = join(folder, each.home);
      const context = join(home, 'context');
      await writeTree(context, {
        ...tree,
        ...(each.ignore === undefined ? {} : { '.dockerignore': each.ignore }),
        ...each.files,
      });
      if (each.refused) {
        await expect(buildImage(home, 'image', context, each)).rejects.toThrow(/pattern|range/);
        const refusal: unknown = await packAndUnpack(home, context, each).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(Failure);
        expect(refusal).toMatchObject({ problem: { code: 'context.ignore-file' } });
        return;
      }
      const direct = await buildImage(home, 'direct', context, each);
      const packed = await buildImage(home, 'packed', await packAndUnpack(home, context, each), each);
      const onlyPodman = each.onlyPodman ?? [];
      expect(direct).toEqual(expect.arrayContaining([...onlyPodman]));
      expect(packed).toEqual(direct.filter((path) => !onlyPodman.includes(path)));

      // podman ignores files that should not have been sent, so the packed context is compared as well
      const sent = await listContext({ context, ...fileOf(context, each) });
      const needed = /(^|\/)Containerfile$|\.(docker|container)ignore$/;
      const unneeded = sent.filter((path) => !path.endsWith('/') && !needed.test(path) && !direct.includes(path));
      expect(unneeded).toEqual(each.onlySent ?? []);
    },
  );
});

async function writeTree(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [relativePath, content] of Object.entries(files)) {
    const path = join(root, relativePath);
    await mkdir(relativePath.endsWith('/') ? path : dirname(path), { recursive: true });
    if (content.startsWith('->')) {
      await symlink(content.slice(2), path);
    } else if (!relativePath.endsWith('/')) {
      await writeFile(path, content);
    }
  }
}

/** Packs a context and unpacks the tar file to a separate folder. */
async function packAndUnpack(home: string, context: string, each: IgnoreCase): Promise<string> {
  const folder = join(home, 'unpacked');
  await mkdir(folder);
  const packed = await packContext({
    context,
    ...fileOf(context, each),
    spoolFolder: join(home, 'spool'),
  });
  try {
    const tar = join(home, 'context.tar');
    await writeFile(tar, packed.source().tar());
    await run('tar', ['-xf', tar, '-C', folder]);
  } finally {
    await packed.close();
  }
  return folder;
}

function fileOf(context: string, { containerfile }: IgnoreCase): { file?: string } {
  return containerfile === undefined ? {} : { file: join(context, containerfile) };
}

/** Builds a folder with podman and resolves with all paths in the image. Paths of folders end with a slash. */
async function buildImage(
  home: string,
  name: string,
  context: string,
  { containerfile }: IgnoreCase,
): Promise<string[]> {
  const image = join(home, name);
  const onNode = (path: string) => join(folderOnNode, relative(nodeFolder(nodeRow(node)), path));
  const { code, stderr } = await runOnNode(
    node,
    [
      ...['podman', '--root', join(onNode(folder), 'root'), '--runroot', join(onNode(folder), 'runroot')],
      ...['--storage-driver', 'vfs', 'build', '--quiet', '--layers=false', '--output', onNode(image)],
      ...(containerfile === undefined ? [] : ['--file', onNode(join(context, containerfile))]),
      onNode(context),
    ].join(' '),
  );
  if (code !== 0) {
    throw new Error(`podman build exited with code ${code}: ${stderr}`);
  }
  const entries = await readdir(image, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => `${relative(image, join(entry.path, entry.name))}${entry.isDirectory() ? '/' : ''}`)
    .sort();
}
