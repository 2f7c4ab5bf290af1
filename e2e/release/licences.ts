/** The licences of the packages in the bundle, which most of them require to be passed on. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const packageSchema = z.looseObject({
  version: z.string(),
  license: z.unknown().optional(),
  // the form of npm before version 3
  licenses: z.array(z.looseObject({ type: z.string() })).optional(),
});

/**
 * @param packages each `name@version`
 * @throws Error for a package that is not installed in this version
 */
export async function licenceTexts(root: string, packages: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    packages.map(async (each) => {
      const folder = await findPackage(root, each);
      const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
      const own = await Promise.all(files.map(async (file) => (await readFile(join(folder, file), 'utf8')).trim()));
      return [`${each} (${(await licenceName(root, each)) ?? 'see its text'})`, ...own].join('\n\n');
    }),
  );
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** What a package says of its licence, as an SPDX expression. @throws Error if it is not installed */
export async function licenceName(root: string, each: string): Promise<string | undefined> {
  const { license, licenses = [] } = await readPackage(await findPackage(root, each));
  return typeof license === 'string' ? license : licenses.map(({ type }) => type).join(' OR ') || undefined;
}

async function readPackage(folder: string): Promise<z.infer<typeof packageSchema>> {
  return packageSchema.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
}

/** A package may be installed in several versions, one inside another package. */
async function findPackage(root: string, each: string): Promise<string> {
  const name = each.slice(0, each.lastIndexOf('@'));
  const modules = join(root, 'node_modules');
  for (const folder of [modules, ...(await nestedModules(modules))]) {
    const path = join(folder, name);
    const found = await readPackage(path).catch(() => undefined);
    if (found && `${name}@${found.version}` === each) {
      return path;
    }
  }
  throw new Error(`${each} is not installed: npm ci.`);
}

async function nestedModules(modules: string): Promise<string[]> {
  const names = (await readdir(modules)).filter((name) => !name.startsWith('.'));
  const packages = await Promise.all(
    names.map(async (name) =>
      name.startsWith('@')
        ? (await readdir(join(modules, name))).map((own) => join(modules, name, own))
        : [join(modules, name)],
    ),
  );
  return packages.flat().map((folder) => join(folder, 'node_modules'));
}
