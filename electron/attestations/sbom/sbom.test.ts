import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv, type AnySchema } from 'ajv';
import { expect, test } from 'vitest';
import type { Digest } from '../../../shared/image.ts';
import type { ImagePackage } from '../../../shared/packages.ts';
import { parsePlatform } from '../../../shared/platform.ts';
import { cyclonedxDocument } from './cyclonedx.ts';
import type { SbomInput } from './sbom-input.ts';
import { spdxDocument } from './spdx.ts';
import { spdxSchema } from './spdx-schema.fixture.ts';

const digest: Digest = `sha256:${'ab'.repeat(32)}`;
const packages: readonly ImagePackage[] = [
  {
    kind: 'apk',
    name: 'musl',
    version: '1.2.4-r4',
    architecture: 'x86_64',
    licence: 'MIT',
    path: '/lib/apk/db/installed',
  },
  {
    ...{ kind: 'deb', name: 'libc6', version: '2.36-9+deb12u7', architecture: 'amd64', path: '/var/lib/dpkg/status' },
    source: { name: 'glibc', version: '2.36-9+deb12u7' },
    supplier: 'GNU Libc Maintainers <debian-glibc@lists.debian.org>',
    homepage: 'https://www.gnu.org/software/libc/libc.html',
  },
  { kind: 'deb', name: 'twice', version: '1', licence: 'GPL-2+ and so on', path: '/var/lib/dpkg/status' },
  { kind: 'golang', name: 'example.com/app', path: '/usr/bin/app' },
  { kind: 'golang', name: 'golang.org/x/sys', version: 'v0.20.0', path: '/usr/bin/app' },
  { kind: 'npm', name: '@a/b', version: '1.0.0', licence: 'MIT OR Apache-2.0', homepage: 'not an address', path: '/x' },
  { kind: 'npm', name: 'old', version: '1.0.0', licence: 'GPL-2+ and so on', path: '/x' },
  { kind: 'pypi', name: 'Some_Package', version: '2', path: '/y' },
  {
    kind: 'rpm',
    name: 'demo',
    version: '2:1.4-3.el9',
    architecture: 'x86_64',
    licence: 'MIT AND BSD-3-Clause',
    path: '/z',
  },
];
const platform = parsePlatform('linux/amd64') ?? expect.fail();
const input: SbomInput = {
  reference: { registry: 'registry.example.com:5000', repository: 'team/api', tag: '1.4' },
  image: {
    ...{ digest, platform, packages: [...packages], release: { ID: 'debian', VERSION_ID: '12' } },
    problems: [{ path: '/var/lib/rpm/Packages', text: 'a Berkeley DB of rpm' }],
  },
  created: new Date('2026-01-02T03:04:05.678Z'),
  version: '0.1.0',
};

const emptied = { ...input, image: { ...input.image, packages: [], problems: [] } };

function assertValid(ajv: Ajv, schema: AnySchema, document: object): void {
  const validate = ajv.compile(schema);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
}

/** CycloneDX's own schemas, which its library has. */
async function cyclonedxSchema(name: string): Promise<AnySchema> {
  const main = createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library');
  return JSON.parse(await readFile(join(dirname(main), '..', 'res', 'schema', name), 'utf8')) as AnySchema;
}

test('SBOMs in CycloneDX are valid by its schema', async () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) {
    const file = `${name}.SNAPSHOT.schema.json`;
    ajv.addSchema(await cyclonedxSchema(file), `http://cyclonedx.org/schema/${file}`);
  }
  const schema = await cyclonedxSchema('bom-1.6.SNAPSHOT.schema.json');
  const document = cyclonedxDocument(input);
  assertValid(ajv, schema, document);
  ajv.removeSchema(schema);
  assertValid(ajv, schema, cyclonedxDocument(emptied));
  expect(document).toMatchObject({
    specVersion: '1.6',
    serialNumber: expect.stringMatching(/^urn:uuid:[0-9a-f-]{14}5/),
    metadata: { timestamp: '2026-01-02T03:04:05Z', component: { type: 'container', version: digest } },
    components: expect.arrayContaining([
      expect.objectContaining({
        purl: 'pkg:deb/debian/libc6@2.36-9+deb12u7?arch=amd64&distro=debian-12&upstream=glibc%402.36-9%2Bdeb12u7',
      }),
      expect.objectContaining({ group: '@a', name: 'b', licenses: [{ expression: 'MIT OR Apache-2.0' }] }),
    ]),
  });
});

test('SBOMs in SPDX are valid by its schema', async () => {
  const ajv = new Ajv({ strict: false });
  const path = process.env.BARNRAISER_SPDX_SCHEMA;
  const schemas = [spdxSchema, ...(path ? [JSON.parse(await readFile(path, 'utf8')) as AnySchema] : [])];
  const document = spdxDocument(input);
  for (const schema of schemas) {
    assertValid(ajv, schema, document);
    assertValid(new Ajv({ strict: false }), schema, spdxDocument(emptied));
  }
  expect(document).toMatchObject({
    creationInfo: { created: '2026-01-02T03:04:05Z' },
    packages: expect.arrayContaining([
      expect.objectContaining({ primaryPackagePurpose: 'CONTAINER', name: 'registry.example.com:5000/team/api:1.4' }),
      expect.objectContaining({ name: 'musl', licenseDeclared: 'MIT' }),
    ]),
  });
  // a licence that is not an expression is defined once
  expect(document).toHaveProperty('hasExtractedLicensingInfos', [
    { licenseId: expect.stringMatching(/^LicenseRef-[0-9a-f]{16}$/), extractedText: 'GPL-2+ and so on' },
  ]);
});

test('package URLs are those that scanners know', () => {
  const { packages: all } = spdxDocument(input) as { packages: { externalRefs: { referenceLocator: string }[] }[] };
  expect(all.flatMap(({ externalRefs }) => externalRefs.map(({ referenceLocator }) => referenceLocator))).toEqual([
    `pkg:oci/api@sha256:${'ab'.repeat(32)}?arch=amd64&repository_url=registry.example.com%3A5000%2Fteam%2Fapi&tag=1.4`,
    'pkg:apk/debian/musl@1.2.4-r4?arch=x86_64&distro=debian-12',
    'pkg:deb/debian/libc6@2.36-9+deb12u7?arch=amd64&distro=debian-12&upstream=glibc%402.36-9%2Bdeb12u7',
    'pkg:deb/debian/twice@1?distro=debian-12',
    'pkg:golang/example.com/app',
    'pkg:golang/golang.org/x/sys@v0.20.0',
    'pkg:npm/%40a/b@1.0.0',
    'pkg:npm/old@1.0.0',
    'pkg:pypi/some-package@2',
    'pkg:rpm/debian/demo@1.4-3.el9?arch=x86_64&distro=debian-12&epoch=2',
  ]);
});

test('the same image has the same bytes, and another package another id', () => {
  for (const write of [spdxDocument, cyclonedxDocument]) {
    expect(JSON.stringify(write(input))).toBe(JSON.stringify(write(structuredClone(input))));
    const other = JSON.stringify(write({ ...input, image: { ...input.image, packages: packages.slice(1) } }));
    const id = /urn:uuid:[0-9a-f-]+/;
    expect(id.exec(other)?.[0]).not.toBe(id.exec(JSON.stringify(write(input)))?.[0]);
  }
});
