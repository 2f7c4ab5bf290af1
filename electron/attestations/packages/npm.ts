import { z } from 'zod';
import type { Package } from '../../../shared/packages.ts';
import { fieldText, withoutMissing } from './package.ts';

const person = z
  .union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)])
  .optional()
  .catch(undefined);
const named = z.object({ type: z.string() }).transform(({ type }) => type);

const schema = z.object({
  name: z.string(),
  version: z.string(),
  license: z.union([z.string(), named]).optional().catch(undefined),
  /** What packages had before 2014. */
  licenses: z
    .array(z.union([z.string(), named]))
    .optional()
    .catch(undefined),
  homepage: z.string().optional().catch(undefined),
  author: person,
});

/** A name as the registry of npm accepts it. */
const namePattern = /^(?:@[\w.~-]+\/)?[\w.~-]+$/;

/** The package whose `package.json` this is. None for the files of that name that packages have for other purposes. */
export function parsePackageJson(text: string): Package[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [];
  }
  const result = schema.safeParse(json);
  if (!result.success || !namePattern.test(result.data.name)) {
    return [];
  }
  const { name, version, license, licenses = [], homepage, author } = result.data;
  return [
    withoutMissing({
      kind: 'npm' as const,
      name,
      version: fieldText(version),
      licence: fieldText(license ?? (licenses.length > 1 ? `(${licenses.join(' OR ')})` : licenses[0]), 1000),
      homepage: fieldText(homepage),
      supplier: fieldText(author),
    }),
  ];
}
