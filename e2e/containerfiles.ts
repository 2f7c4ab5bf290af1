/** The Containerfiles of `containerfiles/`: small ones with the constructs that those of well-known projects have. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { mustRun } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';

export const folder = join(import.meta.dirname, 'containerfiles');

/** What fixtures are based on. The lab has it under another name. */
const namedBase = 'registry.example.com/base:1';

export interface Fixture {
  readonly name: string;
  /** What it has. */
  readonly about: string;
  /** Path → content. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * All fixtures. A fixture is a text file: what it has, then each file behind a line with its path, as `-- src/main.c --`.
 * @param registry the address of the lab's registry
 */
export async function readFixtures(registry: string): Promise<Fixture[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.txt')).sort();
  return Promise.all(
    names.map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8');
      const [about = '', ...parts] = text.split(/^-- (.+) --\n/m);
      const files: Record<string, string> = {};
      for (let index = 0; index < parts.length; index += 2) {
        files[parts[index] ?? ''] = (parts[index + 1] ?? '')
          .replaceAll(namedBase, `${registry}/base:1`)
          .replaceAll('registry.example.com', registry)
          // it names an image that would be downloaded
          .replace(/^# ?syntax ?=.*\n/, '');
      }
      return { name: file.replace(/\.txt$/, ''), about: about.trim(), files };
    }),
  );
}

/** Writes each fixture into a folder of its own. @returns the folder around them; remove it */
export async function writeFixtures(fixtures: readonly Fixture[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'barnraiser-containerfiles-'));
  for (const { name, files } of fixtures) {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, name, path)), { recursive: true });
      await writeFile(join(root, name, path), content);
    }
  }
  return root;
}

const locationSchema = z.object({ ranges: z.array(z.object({ start: z.object({ line: z.number() }) })) });
const lintSchema = z.object({
  warnings: z.array(z.object({ ruleName: z.string(), location: locationSchema })).nullish(),
  buildError: z.object({ message: z.string() }).optional(),
});
const targetsSchema = z.object({
  targets: z.array(z.object({ name: z.string().optional(), location: locationSchema })).nullish(),
});

/** What BuildKit says of a Containerfile. */
export interface BuildChecks {
  /** `line Rule`, in order. */
  readonly warnings: readonly string[];
  /** `line name`. The name is empty for a stage without one. */
  readonly stages: readonly string[];
  /** Why it refuses the file. */
  readonly error?: string | undefined;
}

/**
 * What BuildKit's own build checks say of the folders of a root.
 * @param node one of the lab with buildx. @param root see {@link writeFixtures}
 */
export async function askBuildKit(node: string, root: string): Promise<Record<string, BuildChecks>> {
  const archive = `${root}.tar`;
  await mustRun(['tar', '-C', root, '-cf', archive, '.']);
  const call = (request: string): string =>
    `docker buildx build --progress=quiet --call=${request},format=json -f $name/Containerfile $name 2>/dev/null | tr -d "\\n"; echo`;
  const script = [
    'work=$(mktemp -d); cd $work; tar -x',
    'for name in *; do printf "%s\\n" "$name"',
    call('lint'),
    call('targets'),
    'done; cd /; rm -rf $work',
  ].join('; ');
  const { stdout } = await runOnNode(node, script, { input: await readFile(archive) });
  await rm(archive);
  const lines = stdout.trimEnd().split('\n');
  const results: Record<string, BuildChecks> = {};
  for (let index = 0; index < lines.length; index += 3) {
    const [name = '', lint = '', list = ''] = lines.slice(index, index + 3);
    const { warnings, buildError } = lintSchema.parse(JSON.parse(lint));
    const { targets } = targetsSchema.parse(JSON.parse(list || '{}'));
    results[name] = {
      warnings: inOrder((warnings ?? []).map(({ ruleName, location }) => [lineOf(location), ruleName])),
      stages: (targets ?? []).map(({ name: stage = '', location }) => `${lineOf(location)} ${stage}`),
      ...(buildError ? { error: buildError.message } : {}),
    };
  }
  return results;
}

function lineOf({ ranges }: z.infer<typeof locationSchema>): number {
  return ranges[0]?.start.line ?? 0;
}

/** `line Rule`, each once. */
export function inOrder(findings: readonly (readonly [line: number, rule: string])[]): string[] {
  const sorted = [...findings].sort((one, other) => one[0] - other[0] || (one[1] < other[1] ? -1 : 1));
  return [...new Set(sorted.map(([line, rule]) => `${line} ${rule}`))];
}
