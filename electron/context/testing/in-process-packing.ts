import type { ContextSummary } from '../../../shared/build.ts';
import { openContents } from '../contents.ts';
import { type PackedRow, Packing, type PackingOutput } from '../packing.ts';

/** What a packing made. */
export interface InProcessPacking {
  readonly packing: Packing;
  readonly rows: readonly PackedRow[];
  readonly summary: ContextSummary | undefined;
  readonly isChanged: boolean | undefined;
  /** The tar was made without being asked for. */
  readonly isPacked: boolean;
  tar(): Buffer;
}

/** Packs a project in this thread, so that a test decides what happens at which time, and keeps its index. */
export async function packInProcess(
  context: string,
  { index, ...hooks }: { readonly index?: string | undefined } & Partial<PackingOutput> = {},
): Promise<InProcessPacking> {
  const { root, rules, ownFile, addedFiles, mapped } = await openContents({ context });
  const written: Buffer[] = [];
  let rows: PackedRow[] = [];
  let summary: ContextSummary | undefined;
  let isChanged: boolean | undefined;
  const packing = new Packing(
    { root, ignore: rules.source, ownFile, addedFiles, mapped, index },
    {
      addEntries: (text) => rows.push(...JSON.parse(text)),
      restartEntries: () => {
        rows = [];
      },
      reportProgress: () => undefined,
      summarize: (...known) => {
        [summary, isChanged] = known;
      },
      finish: (final) => {
        summary = final;
      },
      throwIfAborted: () => undefined,
      mayAlter: () => true,
      ...hooks,
      write: (bytes) => {
        written.push(Buffer.from(bytes));
        hooks.write?.(bytes);
      },
    },
  );
  const isPacked = await packing.start();
  packing.listEntries();
  packing.saveIndex();
  return {
    packing,
    isPacked,
    isChanged,
    get rows() {
      return rows;
    },
    get summary() {
      return summary;
    },
    tar: () => Buffer.concat(written),
  };
}
