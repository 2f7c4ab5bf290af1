import type { ConnectError } from '@connectrpc/connect';
import { z } from 'zod';
import type { SourceLines } from '../../../shared/source-lines.ts';
import type { EngineBuild } from '../engine.ts';
import { shownLines } from '../problem-causes.ts';

/** More lines than an instruction has that a person looks at. */
const maxLines = 1000;

/** Lines are counted from 1. An end before its start, or none, is the line of the start. */
interface LineRange {
  readonly start?: { readonly line?: number | undefined } | undefined;
  readonly end?: { readonly line?: number | undefined } | undefined;
}

/** The lines that ranges of a file cover. Undefined if BuildKit names none. */
export function sourceLines(
  file: string | undefined,
  ranges: readonly LineRange[],
  build: Pick<EngineBuild, 'file' | 'parts'>,
): SourceLines | undefined {
  const starts = ranges.flatMap(({ start }) => start?.line ?? []).filter((line) => line > 0);
  if (starts.length === 0) {
    return undefined;
  }
  const firstLine = starts.reduce((least, line) => Math.min(least, line));
  const lastLine = ranges.reduce((most, { end }) => Math.max(most, end?.line ?? 0), firstLine);
  return shownLines(build, firstLine, Math.min(lastLine, firstLine + maxLines), file || build.file);
}

/** errdefs.Source of BuildKit, as far as it is used. Go writes it as JSON. */
const positionSchema = z.object({ line: z.number().int().optional() });
const errorSourceSchema = z.object({
  info: z.object({ filename: z.string().max(4096).optional() }).optional(),
  ranges: z
    .array(z.object({ start: positionSchema.optional(), end: positionSchema.optional() }))
    .max(1000)
    .optional(),
});

/** The lines that an error of a solve is about. */
export function errorSource(
  { details }: ConnectError,
  build: Pick<EngineBuild, 'file' | 'parts'>,
): SourceLines | undefined {
  for (const detail of details) {
    if ('type' in detail && detail.type === 'errdefs.Source+json') {
      const { info, ranges = [] } = parseSource(detail.value) ?? {};
      const lines = sourceLines(info?.filename, ranges, build);
      if (lines) {
        return lines;
      }
    }
  }
  return undefined;
}

function parseSource(json: Uint8Array): z.infer<typeof errorSourceSchema> | undefined {
  try {
    return errorSourceSchema.safeParse(JSON.parse(Buffer.from(json).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
