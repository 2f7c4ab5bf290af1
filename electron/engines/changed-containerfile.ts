import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { ContextSource } from '../context/context-source.ts';
import type { EngineBuild } from './engine.ts';

/** A tar ends with two empty blocks of 512 bytes. */
export const tarEndBytes = 1024;

/** A Containerfile that is sent besides the one of the project. */
export interface ChangedContainerfile {
  readonly file: string;
  readonly content: Buffer;
}

/** The Containerfile of a build with changed lines. Line numbers stay the same. */
export async function changeLines(
  { context, file }: Pick<EngineBuild, 'context' | 'file'>,
  change: (lines: string[]) => void,
): Promise<ChangedContainerfile> {
  // each byte is one character, so that all others stay as they are
  const lines = (await buffer(context.open(file))).toString('latin1').split('\n');
  change(lines);
  const content = Buffer.from(lines.join('\n'), 'latin1');
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return { file: `.barnraiser-${hash}.Containerfile`, content };
}

/** A file as an entry of a tar. */
export async function tarEntry(name: string, content: Buffer, mode = 0o644): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name, mode, mtime: new Date(0) }, content);
  tar.finalize();
  const bytes = await buffer(tar);
  return bytes.subarray(0, bytes.length - tarEndBytes);
}

/** A context whose tar begins with one more entry. */
export function withEntry(context: ContextSource, entry: Buffer): ContextSource {
  return {
    tar: (options) =>
      Readable.from(
        (async function* () {
          yield entry;
          yield* context.tar(options);
        })(),
        { objectMode: false },
      ),
    files: () => context.files(),
    open: (path) => context.open(path),
    ...(context.packed
      ? { packed: { ...context.packed, prefix: Buffer.concat([entry, context.packed.prefix ?? Buffer.alloc(0)]) } }
      : {}),
  };
}
