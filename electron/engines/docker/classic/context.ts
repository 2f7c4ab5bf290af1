import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { platformParts } from '../../../../shared/platform.ts';
import type { Instruction } from '../../../../shared/project.ts';
import { type ChangedContainerfile, changeLines, tarEndBytes, tarEntry } from '../../changed-containerfile.ts';
import { keywordOf } from '../../containerfile-steps.ts';
import type { EngineBuild } from '../../engine.ts';
import { ignoringPattern } from '../../ignoring-pattern.ts';

const ignoreFile = '.dockerignore';

/** What is sent to the classic builder. */
export interface ClassicContext {
  /** Path of the Containerfile in the tar. */
  readonly file: string;
  /** The tar of the context. */
  readonly tar: Readable;
}

/**
 * The arguments that BuildKit sets by itself.
 * @param own the platform of the engine
 */
export function platformArgs({ platform }: Pick<EngineBuild, 'platform'>, own: EngineBuild['platform']) {
  const values = (prefix: string, { os, architecture, variant = '' }: ReturnType<typeof platformParts>) => ({
    [`${prefix}OS`]: os,
    [`${prefix}ARCH`]: architecture,
    [`${prefix}VARIANT`]: variant,
  });
  return {
    TARGETPLATFORM: platform,
    BUILDPLATFORM: own,
    ...values('TARGET', platformParts(platform)),
    ...values('BUILD', platformParts(own)),
  } satisfies Record<string, string>;
}

/**
 * The context as the classic builder needs it. In FROM it knows only arguments that the Containerfile declares, so others get
 * their values here, in a second Containerfile. docker copies whatever is in the tar, except for a Containerfile and an ignore file
 * that `.dockerignore` excludes: so that names a Containerfile that is not the project's or that the ignore file excludes.
 * @param args the values of arguments of the platform
 */
export async function classicContext(
  build: EngineBuild,
  args: Readonly<Record<string, string>>,
): Promise<ClassicContext> {
  const { context, excludes } = build;
  const changed = await changeFrom(build, args);
  const isExcluded = build.file.startsWith('.barnraiser-') || ignoringPattern(build.file, { excludes }) !== undefined;
  // no step sees an excluded Containerfile, so that it can be replaced
  const file = changed && !isExcluded ? changed.file : build.file;
  const entries = [
    ...(changed ? [await tarEntry(file, changed.content)] : []),
    ...(changed || isExcluded ? [await ignoreFileEntry(build, file)] : []),
  ];
  // podman and docker refuse a link that leads out of the context (moby, pkg/archive)
  const tar = context.tar({ confinesLinks: true });
  return { file, tar: entries.length === 0 ? tar : withLastEntries(tar, entries) };
}

/** Undefined if no FROM instruction uses an argument of the platform that it does not know. */
async function changeFrom(
  build: EngineBuild,
  args: Readonly<Record<string, string>>,
): Promise<ChangedContainerfile | undefined> {
  const { instructions } = build;
  const first = instructions.findIndex(({ text }) => keywordOf(text) === 'FROM');
  const declared = new Set(
    instructions
      .slice(0, Math.max(0, first))
      .flatMap(({ text }) => [...text.matchAll(/\s(\w+)(?==|\s|$)/g)].map(([, name = '']) => name)),
  );
  const withValues = (text: string): string =>
    text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, long?: string, short?: string) => {
      const name = long ?? short ?? '';
      return declared.has(name) ? whole : (args[name] ?? whole);
    });
  const lines = instructions.filter(({ text }) => keywordOf(text) === 'FROM' && withValues(text) !== text);
  return lines.length === 0 ? undefined : changeLines(build, (all) => replaceIn(all, lines, withValues));
}

function replaceIn(all: string[], instructions: readonly Instruction[], change: (text: string) => string): void {
  for (const { firstLine, lastLine } of instructions) {
    for (let line = firstLine; line <= lastLine; line++) {
      all[line - 1] = change(all[line - 1] ?? '');
    }
  }
}

/** The ignore file of the context, which also excludes the Containerfile. */
async function ignoreFileEntry({ context, excludes }: EngineBuild, containerfile: string): Promise<Buffer> {
  let text: string | undefined;
  for await (const { path } of context.files()) {
    if (path === ignoreFile) {
      text = (await buffer(context.open(path))).toString('utf8');
      break;
    }
  }
  const own = text === undefined || ignoringPattern(ignoreFile, { excludes }) !== undefined ? [ignoreFile] : [];
  const lines = [...own, containerfile].map((name) => name.replace(/[\\*?[\]]/g, '\\$&'));
  return tarEntry(ignoreFile, Buffer.from([text ?? '', ...lines, ''].join('\n')));
}

/** A tar with more entries at its end, which replace earlier ones of the same names. */
function withLastEntries(tar: Readable, entries: readonly Buffer[]): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    let end: Buffer = Buffer.alloc(0);
    for await (const chunk of tar) {
      const all = Buffer.concat([end, chunk]);
      const length = Math.max(0, all.length - tarEndBytes);
      end = all.subarray(length);
      yield all.subarray(0, length);
    }
    yield* entries;
    yield end;
  }
  return Readable.from(chunks(), { objectMode: false });
}
