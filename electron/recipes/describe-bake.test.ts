// cspell:ignore bild regexall uper platfroms jsonencode formatlist setproduct
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type BakeOptions, buildSettings, type Described, describeBake } from './describe-bake.ts';

const folders: string[] = [];
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'barnraiser-bake-')));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

function describeFiles(
  folder: string,
  {
    environment = {},
    ...options
  }: Omit<Partial<BakeOptions>, 'environment'> & { environment?: Record<string, string> } = {},
): Promise<Described> {
  return describeBake({ folder, environment: (name) => environment[name], ...options });
}

async function problemOf(
  files: Readonly<Record<string, string>>,
  options: Parameters<typeof describeFiles>[1] = {},
): Promise<string> {
  const described = describeFiles(await project(files), options);
  return described.then(
    () => 'none',
    (error: unknown) =>
      error instanceof Error && 'problem' in error
        ? Object.values(error.problem as { message: string; fix: string })
            .slice(1, 3)
            .join(' ')
        : String(error),
  );
}

/** What `docker buildx bake --print` (0.13.1) says of each expression. */
const results: Readonly<Record<string, string>> = JSON.parse(
  await readFile(join(import.meta.dirname, 'testing/hcl-results.json'), 'utf8'),
);

test('every expression has the value that buildx gives it', async () => {
  const expressions = Object.entries(results);
  const args = expressions.map(([expression], index) => `K${index} = ${expression}`).join('\n');
  const folder = await project({
    'docker-bake.hcl': `variable "TAG" { default = "latest" }\ntarget "default" {\nargs = {\n${args}\n}\n}\n`,
  });
  const { description } = await describeFiles(folder);
  const buildArgs = description.images[0]?.request.buildArgs ?? {};
  expect(expressions.map(([expression], index) => [expression, buildArgs[`K${index}`]])).toEqual(expressions);
});

describe('targets', () => {
  const hcl = `
variable "TAG" { default = "1" }
variable "COUNT" { default = 1 }
function "name" {
  params = [image]
  variadic_params = more
  result = join("-", concat(["example.com/\${image}:\${TAG}"], more))
}
group "default" { targets = ["app", "db"] }
target "_common" {
  platforms = ["linux/amd64", "linux/arm64"]
  args = { A = "common", B = "common" }
}
target "base" {
  context = "base"
}
target "app" {
  inherits = ["_common"]
  contexts = { start = "target:base" }
  args = { B = "app", N = COUNT + 1 }
  tags = [name("app"), name("app", "x")]
  output = ["type=registry", "type=oci,dest=out/app.tar", { type = "local", dest = "../elsewhere" }]
}
target "db" {
  name = "db-\${version}"
  matrix = { version = ["1", "2"] }
  tags = [name("db-\${version}")]
}
`;

  test('inherit, depend on each other and are expanded', async () => {
    const folder = await project({ 'docker-bake.hcl': hcl });
    const { description } = await describeFiles(folder, { environment: { COUNT: '4' } });
    expect(description.images.map(({ name, depends, request }) => ({ name, depends, tag: request.reference }))).toEqual(
      [
        { name: 'base', depends: {}, tag: expect.stringMatching(/-base:latest$/) },
        { name: 'app', depends: { start: 'base' }, tag: 'example.com/app:1' },
        { name: 'db-1', depends: {}, tag: 'example.com/db-1:1' },
        { name: 'db-2', depends: {}, tag: 'example.com/db-2:1' },
      ],
    );
    const [base, app] = description.images;
    expect(app?.request.buildArgs).toEqual({ A: 'common', B: 'app', N: '5' });
    // what it depends on is built for its platforms
    expect(base?.request.platforms).toEqual(['linux/amd64', 'linux/arm64']);
    expect(base?.request.context).toBe(join(folder, 'base'));
    expect(app?.request.furtherNames).toEqual(['example.com/app:1-x']);
    expect(description.leftOut.map(({ field, line }) => `${line} ${field}`)).toEqual(['22 output: type=registry']);
    expect(app?.request.outputs).toEqual([
      `oci-archive:${join(folder, 'out/app.tar')}`,
      `rootfs:${join(folder, '../elsewhere')}`,
    ]);
    expect(description.permissions).toEqual([
      expect.objectContaining({ kind: 'fs.write', path: expect.stringMatching(/\/elsewhere$/) }),
    ]);
    expect(description.environment).toContainEqual({ name: 'COUNT', isSet: true });
  });

  test('are changed by --set, and chosen by patterns', async () => {
    const folder = await project({ 'docker-bake.hcl': hcl });
    const { description } = await describeFiles(folder, {
      targets: ['db*'],
      overrides: ['*.platforms=linux/arm64', 'db-2.args.X=y', 'db-1.tags=other:2', '*.args.FROM_ENVIRONMENT'],
      environment: { FROM_ENVIRONMENT: 'z' },
    });
    expect(description.images.map(({ request }) => [request.reference, request.platforms, request.buildArgs])).toEqual([
      ['other:2', ['linux/arm64'], { FROM_ENVIRONMENT: 'z' }],
      ['example.com/db-2:1', ['linux/arm64'], { X: 'y', FROM_ENVIRONMENT: 'z' }],
    ]);
  });

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: templates of HCL
  test('are read from JSON, with templates in its texts', async () => {
    const folder = await project({
      'docker-bake.json': JSON.stringify({
        variable: { TAG: { default: '7' } },
        target: { default: { tags: ['api:${TAG}'], args: { A: '${upper("x")}-${TAG}', N: 3 }, pull: true } },
      }),
    });
    const { description } = await describeFiles(folder);
    expect(description.images[0]?.request).toMatchObject({
      reference: 'api:7',
      buildArgs: { A: 'X-7', N: '3' },
      pull: 'always',
    });
  });
});

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

describe('compose files', () => {
  test('give a target for each service that is built', async () => {
    const folder = await project({
      '.env': 'FROM_FILE=file\n',
      'shared/base.yaml': 'services:\n  common:\n    build:\n      context: ./lib\n      labels: ["l=base"]\n',
      'compose.yaml': `
x-args: &args
  A: \${FROM_FILE}
  B: "\${MISSING:-default \${FROM_FILE}}"
  C: $$plain
services:
  web:
    image: example.com/web:\${TAG:-1}
    environment: { D: service }
    build:
      context: ./web
      args: { <<: *args, D: }
      additional_contexts: { start: "service:api" }
      extra_hosts: ["db:1.2.3.4"]
      ulimits: { nofile: { soft: 1, hard: 2 } }
      shm_size: 64m
      secrets: [token]
      provenance: true
  api:
    build: ./api
  other:
    extends: { file: shared/base.yaml, service: common }
    build: { labels: { m: own } }
  nothing: { image: x }
secrets:
  token: { file: ./token.txt }
`,
    });
    const { description } = await describeFiles(folder);
    expect(description.images.map(({ name }) => name)).toEqual(['api', 'web', 'other']);
    const [, web, other] = description.images;
    expect(web?.request).toMatchObject({
      reference: 'example.com/web:1',
      buildArgs: { A: 'file', B: 'default file', C: '$plain', D: 'service' },
      addHosts: ['db:1.2.3.4'],
      ulimits: ['nofile=1:2'],
      shmSize: 64 * 1024 * 1024,
      secrets: [{ id: 'token', source: { kind: 'file', path: join(folder, 'token.txt') } }],
    });
    expect(web?.depends).toEqual({ start: 'api' });
    expect(other?.request).toMatchObject({ context: join(folder, 'shared/lib'), labels: { l: 'base', m: 'own' } });
    expect(description.leftOut).toMatchObject([{ field: 'build.provenance', line: 18 }]);
  });
});

describe('barnraiser.json', () => {
  test('describes images, with settings for all', async () => {
    const folder = await project({
      'barnraiser.json': JSON.stringify({
        version: 1,
        farm: 'home',
        buildArgs: { A: 'all' },
        images: {
          base: { context: 'base' },
          app: { depends: { start: 'base' }, buildArgs: { B: 'app' }, reference: 'app:2' },
        },
      }),
    });
    const { description } = await describeFiles(folder, { flags: { farm: 'other' } });
    expect(description.images.map(({ name }) => name)).toEqual(['base', 'app']);
    expect(description.images[1]).toMatchObject({
      depends: { start: 'base' },
      request: { farm: 'other', buildArgs: { A: 'all', B: 'app' }, reference: 'app:2', context: folder },
    });
  });

  test('names the closest field of one that is unknown, and its line', async () => {
    expect(await problemOf({ 'barnraiser.json': '{\n  "version": 1,\n  "bildArgs": {}\n}' })).toBe(
      'barnraiser.json, line 3: A recipe has no field "bildArgs". Did you mean buildArgs?',
    );
    expect(await problemOf({ 'barnraiser.json': '{ "version": 2 }' })).toContain(
      'A newer Barnraiser has written this file',
    );
  });
});

/** Variables, each of which is a list with the one before it. */
function doubled(count: number, name = 'a', times = 2): string {
  return Array.from({ length: count }, (_, index) => {
    return `variable "${name}${index + 1}" { default = [${Array(times).fill(`${name}${index}`).join(', ')}] }\n`;
  }).join('');
}

describe('files that are not trusted', () => {
  test.each([
    ['context = "a.b@host:/../../../../../../../../../../etc"', '/etc'],
    ['contexts = { a = "a.b@host:/../../../../../../../../../../etc" }', '/etc'],
    ['contexts = { a = "list:/../../../../../../../../../../etc" }', '/etc'],
    ['contexts = { a = "build:/../../../../../../../../../../etc" }', '/etc'],
    ['contexts = { a = "docker-image:/../../../../../../../../../../etc" }', '/etc'],
    ['contexts = { a = "oci-layout://./x@/../../../../../../../../../../../etc:tag" }', '/etc'],
    ['context = "https://example.com/app.git"\ndockerfile = "/etc/hostname"', '/etc/hostname'],
  ])('read no path that looks like an address: %s', async (field, path) => {
    const folder = await project({ 'docker-bake.hcl': `target "default" {\n${field}\n}\n` });
    const { description } = await describeFiles(folder);
    expect(description.permissions).toMatchObject([{ kind: 'fs.read', path }]);
  });

  test('name fields of objects without harm', async () => {
    const folder = await project({
      'compose.yaml': 'services:\n  a:\n    build:\n      context: .\n      args: {__proto__: x, constructor: y}\n',
    });
    const { description } = await describeFiles(folder);
    expect(Object.entries(description.images[0]?.request.buildArgs ?? {})).toContainEqual(['constructor', 'y']);
    for (const name of ['constructor', '__proto__', 'toString']) {
      const text = `services:\n  a:\n    build:\n      ${name}: x\n`;
      expect(await problemOf({ 'compose.yaml': text })).toContain(`no field "${name}"`);
    }
  });

  test('use nothing outside the project without permission', async () => {
    const files = {
      'docker-bake.hcl': `target "default" {
        context = ".."
        secret = ["id=key,src=/etc/hostname", "id=token,env=PATH"]
        ssh = ["default"]
        network = "host"
      }`,
    };
    const folder = await project(files);
    await symlink('/etc', join(folder, 'link'));
    const { description } = await describeFiles(folder);
    expect(description.permissions.map(({ kind, path }) => [kind, path])).toEqual([
      ['fs.read', dirname(folder)],
      ['network.host', undefined],
      ['ssh', undefined],
      ['env', 'PATH'],
      ['fs.read', '/etc/hostname'],
    ]);
    const allowed = await describeFiles(folder, {
      allow: ['fs.read=/etc', `fs=${dirname(folder)}`, 'env=PATH', 'ssh', 'network.host'],
    });
    expect(allowed.description.permissions).toEqual([]);
    const linked = await describeFiles(folder, {
      overrides: ['*.context=link'],
      allow: ['env=*', 'ssh', 'network.host'],
    });
    expect(linked.description.permissions).toMatchObject([{ path: '/etc' }, { path: '/etc/hostname' }]);
  });

  test('sign with the key of the person only with permission', async () => {
    const folder = await project({
      Containerfile: 'FROM a\n',
      'barnraiser.json': JSON.stringify({ version: 1, images: { api: { sign: true } } }),
    });
    const needs = async (options: Parameters<typeof describeFiles>[1]) =>
      (await describeFiles(folder, options)).description.permissions.map(({ kind }) => kind);
    expect(await needs({})).toEqual(['sign']);
    expect(await needs({ allow: ['sign'] })).toEqual([]);
    // a person has said so, for the project or for this bake
    expect(await needs({ settings: { sign: true } })).toEqual([]);
    expect(await needs({ flags: { sign: true } })).toEqual([]);
    expect(await needs({ flags: { sign: false } })).toEqual([]);
  });

  test('give a single build no more than the project, but for what a person gives instead', async () => {
    const folder = await project({
      Containerfile: 'FROM a\n',
      'barnraiser.json': JSON.stringify({ version: 1, images: { api: { sign: true, target: 'web' } } }),
    });
    await expect(buildSettings(folder)).rejects.toMatchObject({
      problem: { code: 'recipe.outside', message: expect.stringContaining('sign') },
    });
    expect((await buildSettings(folder, {}, ['sign'])).fields).toEqual({ target: 'web' });
    expect((await buildSettings(folder, { sign: false })).fields).toEqual({ sign: false, target: 'web' });
  });

  test('sign with no key outside the project without permission', async () => {
    const recipe = (signKey: string) => ({
      Containerfile: 'FROM scratch\n',
      'barnraiser.json': JSON.stringify({ version: 1, images: { api: { sign: true, signKey } } }),
    });
    const foreign = await describeFiles(await project(recipe('/etc/hostname')));
    expect(foreign.description.permissions).toMatchObject([{ kind: 'fs.read', path: '/etc/hostname' }]);
    const folder = await project(recipe('keys/cosign.key'));
    const own = await describeFiles(folder);
    expect(own.description.permissions).toEqual([]);
    expect(own.description.images[0]?.request.signKey).toBe(join(folder, 'keys/cosign.key'));
  });

  test.each([
    [
      'a circle of variables',
      'variable "A" { default = B }\nvariable "B" { default = A }\ntarget "default" {}',
      'refers to itself',
    ],
    [
      'a circle of targets',
      'target "default" { inherits = ["b"] }\ntarget "b" { inherits = ["default"] }',
      'inherits itself',
    ],
    [
      'dependencies on each other',
      'target "default" {\n contexts = { x = "target:b" }\n}\ntarget "b" {\n contexts = { x = "target:default" }\n}',
      'depends on itself',
    ],
    [
      'a large matrix',
      `target "default" {\n name = "x-\${a}-\${b}"\n matrix = {\n a = range(100)\n b = range(100)\n }\n}`,
      'more than 200 targets',
    ],
    [
      'a recursive function',
      'function "f" {\n params = [x]\n result = f(x)\n}\ntarget "default" {\n args = { A = f(1) }\n}',
      'more than 100 times',
    ],
    [
      'a text that doubles',
      `variable "a" { default = "${'x'.repeat(1000)}" }\ntarget "default" {\n args = { A = join("", [for i in range(10000) : a]) }\n}`,
      'more than a build can use',
    ],
    [
      'a pattern that takes forever',
      `target "default" {\n args = { A = length(regexall("(a+)+$", "${'a'.repeat(60)}b")) }\n}`,
      'takes too long',
    ],
    [
      'a list that doubles',
      `a0 = "x"\n${doubled(60)}target "default" {\n args = { A = jsonencode(a60) }\n}`,
      'more than a build can use',
    ],
    [
      'comparing lists that double',
      `a0 = "x"\nb0 = "x"\n${doubled(60)}${doubled(60, 'b')}target "default" {\n args = { A = a60 == b60 }\n}`,
      'more than a build can use',
    ],
    [
      'a list that gets deeper',
      `a0 = "x"\n${doubled(5000, 'a', 1)}target "default" {\n args = { A = jsonencode(a5000) }\n}`,
      'more than a build can use',
    ],
    [
      'many long texts',
      `target "default" {\n args = { A = join("", formatlist("${'x'.repeat(900_000)}%d", range(10000))) }\n}`,
      'too long',
    ],
    [
      'a product of lists',
      'target "default" {\n args = { A = length(setproduct(range(9999), range(9999))) }\n}',
      'more than 10000 items',
    ],
    [
      'loops of a template',
      `target "default" {\n args = { A = "${'%{ for i in range(9999) }'.repeat(4)}x${'%{ endfor }'.repeat(4)}" }\n}`,
      'more than a build can use',
    ],
    [
      'a text that no text may be as long as',
      `target "default" {\n args = { A = indent(1000, join("", [for i in range(9999) : "${'\\n'.repeat(90)}"])) }\n}`,
      'more than a build can use',
    ],
    [
      'many patterns that take long',
      `target "default" {\n args = { A = length([for i in range(9999) : can(regex("(a+)+$", "${'a'.repeat(60)}b\${i}"))]), B = regex("a", "a") }\n}`,
      'take too long',
    ],
    [
      'deep nesting',
      `target "default" {\n args = { A = ${'['.repeat(500)}${']'.repeat(500)} }\n}`,
      'nested more than 100 deep',
    ],
    ['an unknown field', 'target "default" {\n platfroms = ["linux/amd64"]\n}', 'Did you mean platforms?'],
    ['an unknown function', 'target "default" {\n tags = [uper("x")]\n}', 'Did you mean upper?'],
    ['a broken file', 'target "default" {\n tags = [\n}\n', 'line 2'],
  ])('%s is refused', async (_, text, expected) => {
    expect(await problemOf({ 'docker-bake.hcl': text })).toContain(expected);
  });

  test('aliases that make a file large are refused', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(',')}]`,
    );
    const text = `l0: &l0 [x]\n${levels.join('\n')}\nservices: { a: { build: . } }\n`;
    expect(await problemOf({ 'compose.yaml': text })).toContain('more values than a build can need');
  });

  test('keys of prototypes are keys', async () => {
    const folder = await project({
      'docker-bake.json': '{"target": {"default": {"args": {"__proto__": "x", "constructor": "y"}}}}',
    });
    const { description } = await describeFiles(folder);
    expect(Object.hasOwn(description.images[0]?.request.buildArgs ?? {}, 'constructor')).toBe(true);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});
