/** The file format of a build's record, and what older and newer versions of Barnraiser write. */
import { z } from 'zod';
import { type Build, buildSchema } from '../../shared/build.ts';
import type { BuildEntry } from '../../shared/build-entry.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { readVersioned } from '../settings/versioned-file.ts';
import { migrateSteps } from './old-steps.ts';

const { version } = dataFormats.builds;

export const buildRecord = {
  version,
  schema: z.object({ build: buildSchema }),
  migrations: { 1: migrateVersion1, 2: migrateVersion2 },
};

const version1Schema = z.looseObject({
  build: z.looseObject({
    request: z.looseObject({}),
    jobs: z.array(z.looseObject({ status: z.string() })),
  }),
});

/** Names that version 1 has for the retention of a request, its values, and a phase. */
const version1Names = { retention: 'residue', tagged: 'keep', nothing: 'cleanup', transferring: 'pulling' } as const; // cspell:disable-line

function migrateVersion1(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const data = version1Schema.parse(record);
  const { [version1Names.retention]: oldRetention = 'cache', ...request } = data.build.request;
  const { tagged, nothing, transferring } = version1Names;
  const retention = oldRetention === tagged ? 'tagged' : oldRetention === nothing ? 'nothing' : oldRetention;
  const jobs = data.build.jobs.map((job) => (job.status === transferring ? { ...job, status: 'transferring' } : job));
  return { ...data, build: { ...data.build, request: { ...request, retention }, jobs } };
}

const version2Schema = z.looseObject({ build: z.looseObject({ jobs: z.array(z.unknown()) }) });

/** Version 2 has the id of the process that ran the build, which its heartbeat has replaced, and steps without ids. */
function migrateVersion2({ pid: _, ...record }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { build, ...rest } = version2Schema.parse(record);
  return { ...rest, build: { ...build, jobs: build.jobs.map(migrateSteps) } };
}

export function formatRecord(build: Build): string {
  return `${JSON.stringify({ version, build }, null, 2)}\n`;
}

/** @throws Failure `build.newer`, `build.damaged` */
export function parseRecord(id: string, text: string): Build {
  const record = readVersioned(text, buildRecord);
  switch (record.kind) {
    case 'valid':
      return record.value.build;
    case 'newer':
      throw fail('build.newer', `Build ${id} was built by a newer Barnraiser.`, 'Update Barnraiser to see it.');
    case 'broken':
      throw fail(
        'build.damaged',
        `The record of build ${id} is damaged.`,
        'Restore it from a backup, or delete the build.',
        record.reason,
        record.error,
      );
  }
}

/** What a record that cannot be read says all the same. */
const anyRecordSchema = z.object({
  build: z.object({
    reference: z.string().catch(''),
    createdAt: z.string().optional().catch(undefined),
    request: z.object({ context: z.string().catch('') }).catch({ context: '' }),
  }),
});

/** The entry of a build whose record cannot be read. @param error why */
export function unreadableEntry(id: string, text: string, error: unknown): BuildEntry {
  const { reference, createdAt = idTime(id), request } = anyBuild(text);
  const problem = error instanceof Failure ? error.problem.message : String(error);
  return { id, status: 'unreadable', reference, project: request.context, createdAt, jobs: [], problem };
}

function anyBuild(text: string): z.infer<typeof anyRecordSchema>['build'] {
  try {
    return anyRecordSchema.parse(JSON.parse(text)).build;
  } catch {
    return { reference: '', request: { context: '' } };
  }
}

/** The time in an id, as ISO 8601. */
function idTime(id: string): string {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(id) ?? [];
  return year ? `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z` : new Date(0).toISOString();
}
