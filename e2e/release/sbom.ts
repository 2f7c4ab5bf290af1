/** The SBOM of a release: what npm says of the packages that are in the bundle, in CycloneDX. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const componentSchema = z.looseObject({ name: z.string(), version: z.string(), 'bom-ref': z.string() });
const bomSchema = z.looseObject({
  metadata: z.looseObject({ timestamp: z.string().optional(), component: z.looseObject({ name: z.string() }) }),
  components: z.array(componentSchema),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).optional() })),
});
export type Bom = z.infer<typeof bomSchema>;

/** What the SBOM of npm says of all packages that are installed to build Barnraiser. */
export async function npmBom(root: string): Promise<Bom> {
  const { stdout } = await promisify(execFile)('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  return bomSchema.parse(JSON.parse(stdout));
}

/** The packages in the bundle, each `name@version`, from what the bundler has written. @throws Error without a bundle */
export async function bundledPackages(root: string): Promise<string[]> {
  const folder = join(root, 'out');
  const names = (await readdir(folder)).filter((name) => /^packages-\w+\.json$/.test(name));
  if (names.length === 0) {
    throw new Error('There is no bundle: npm run build.');
  }
  const lists = await Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))));
  return [...new Set(lists.flatMap((list) => z.array(z.string()).parse(list)))].sort();
}

/**
 * Keeps what is in the bundle. The same packages, version and time give the same bytes.
 * @param licences of all packages, each `name@version`; npm does not know those in the old form
 * @throws Error if npm does not know one of them
 */
export function releaseBom(
  bom: Bom,
  licences: ReadonlyMap<string, string | undefined>,
  { version, time }: { readonly version: string; readonly time: Date },
): Bom {
  const packages = [...licences.keys()];
  const components = bom.components
    .filter(({ name, version: of }) => licences.has(`${name}@${of}`))
    .map(({ scope: _, properties: __, ...component }) => ({
      ...component,
      licenses: component.licenses ?? named(licences.get(refOf(component))),
      scope: 'required',
    }));
  const found = new Set(components.map(refOf));
  const unknown = packages.filter((each) => !found.has(each));
  if (unknown.length > 0) {
    throw new Error(
      `package-lock.json does not have ${unknown.join(', ')}, which the bundle has: npm ci, npm run build.`,
    );
  }
  const refs = new Set(components.map((component) => component['bom-ref']));
  const own = `barnraiser@${version}`;
  const hash = createHash('sha256')
    .update(JSON.stringify([version, time, packages]))
    .digest('hex');
  const { component } = bom.metadata;
  return {
    ...bom,
    serialNumber: `urn:uuid:${[hash.slice(0, 8), hash.slice(8, 12), `4${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`, hash.slice(20, 32)].join('-')}`,
    metadata: {
      ...bom.metadata,
      timestamp: time.toISOString(),
      component: { ...component, type: 'application', name: 'barnraiser' },
    },
    components,
    dependencies: bom.dependencies
      .filter(({ ref }) => ref === own || refs.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) })),
  };
}

const refOf = ({ name, version }: { readonly name: string; readonly version: string }): string => `${name}@${version}`;

function named(licence: string | undefined): readonly object[] {
  return licence === undefined ? [] : [{ expression: licence }];
}
