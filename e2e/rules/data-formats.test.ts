/** The files of the data folder, as their schemas say it. A schema that changes after a release needs a new version or a new file in the tests. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { version } from '../../electron/system/version.ts';
import { dataSchema } from '../../electron/testing/data-schemas.ts';
import { type DataFormatName, dataFormats } from '../../shared/data-formats.ts';

const folders = join(import.meta.dirname, '..', '..', 'electron', 'testing', 'data-folders');
const schemasName = 'schemas.json';

const names = Object.keys(dataFormats).filter((name): name is DataFormatName => name in dataFormats);

/** Version and JSON schema of each format, by its path. */
function schemas(): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => [
      dataFormats[name].path,
      {
        version: dataFormats[name].version,
        schema: z.toJSONSchema(dataSchema(name).schema, { io: 'input', unrepresentable: 'any', reused: 'ref' }),
      },
    ]),
  );
}

const formatsSchema = z.record(z.string(), z.object({ version: z.number(), schema: z.unknown() }));

test('the schemas of this version are those that its data folder was made with', async () => {
  const text = `${JSON.stringify(schemas(), null, 1)}\n`;
  await expect(text).toMatchFileSnapshot(join(folders, version, schemasName));
});

test('a schema that has changed since a release has a new version, or a file of the new kind is in the tests', () => {
  const now = formatsSchema.parse(schemas());
  const changed = readdirSync(folders)
    .filter((folder) => folder !== version && existsSync(join(folders, folder, schemasName)))
    .flatMap((folder) => {
      const then = formatsSchema.parse(JSON.parse(readFileSync(join(folders, folder, schemasName), 'utf8')));
      return Object.entries(then).flatMap(([path, old]) => {
        const format = now[path];
        if (format === undefined) {
          return [`${path} of ${folder} has no format any more: keep a row for it, or what it held is lost.`];
        }
        const isSame = JSON.stringify(format.schema) === JSON.stringify(old.schema);
        const hasFolder = existsSync(join(folders, version, dataFormats.settings.path));
        return isSame || format.version > old.version || hasFolder
          ? []
          : [
              `${path} has changed since ${folder}: raise its version in shared/data-formats.ts and add a migration, or make a data folder of this version with \`npx tsx e2e/data-folders.ts\`.`,
            ];
      });
    });
  expect(changed).toEqual([]);
});

test('a version above 1 has a migration from each version before', () => {
  const missing = names.flatMap((name) => {
    const { version: current, migrations = {} } = dataSchema(name);
    const older = Array.from({ length: current - 1 }, (_, index) => index + 1);
    return dataFormats[name].kind === 'cache'
      ? []
      : older.filter((from) => !migrations[from]).map((from) => `${name} ${from}`);
  });
  expect(missing).toEqual([]);
});
