import { expect, test } from 'vitest';
import type { Digest } from '../../shared/image.ts';
import { type AttachedStatement, describeProvenance } from './read-provenance.ts';

const manifest: Digest = `sha256:${'12'.repeat(32)}`;

function described(content: unknown, predicateType = 'https://slsa.dev/provenance/v1') {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  const statement: AttachedStatement = { predicateType, manifest, form: 'referrer', bytes };
  return describeProvenance([statement], manifest)[0]?.summary;
}

test('provenance of BuildKit in both versions is summed up, and its program is named', () => {
  const materials = [{ uri: 'pkg:docker/base@1', digest: { sha256: 'ab' } }];
  expect(
    described(
      {
        predicate: {
          builder: { id: '' },
          buildType: 'https://mobyproject.org/buildkit@v1',
          materials,
          metadata: { buildInvocationID: 'abc', buildStartedOn: '2026-01-01T00:00:00Z' },
        },
      },
      'https://slsa.dev/provenance/v0.2',
    ),
  ).toEqual({
    program: 'BuildKit',
    buildType: 'https://mobyproject.org/buildkit@v1',
    invocation: 'abc',
    startedAt: '2026-01-01T00:00:00Z',
    dependencies: [{ uri: 'pkg:docker/base@1', digest: 'sha256:ab' }],
  });
  const buildType = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md';
  const definition = {
    buildDefinition: { buildType, resolvedDependencies: materials },
    runDetails: { builder: { id: 'x' } },
  };
  expect(described({ predicate: definition })).toMatchObject({ program: 'BuildKit', builder: 'x' });
});

test('a statement that is about another image is marked', () => {
  const of = (subject: unknown) => {
    const bytes = Buffer.from(JSON.stringify({ subject, predicate: {} }));
    const statement: AttachedStatement = {
      predicateType: 'https://slsa.dev/provenance/v1',
      manifest,
      form: 'list',
      bytes,
    };
    return describeProvenance([statement], manifest)[0]?.isOther ?? false;
  };
  expect(of([{ name: 'a', digest: { sha256: '12'.repeat(32) } }])).toBe(false);
  for (const subject of [[{ name: 'a', digest: { sha256: '34'.repeat(32) } }], [], undefined, 7, [{ digest: 'x' }]]) {
    expect(of(subject)).toBe(true);
  }
});

test('statements of others with wrong types, escapes or thousands of parts are summed up as far as they go', () => {
  for (const content of [
    null,
    [],
    7,
    { predicate: null },
    { predicate: [] },
    { predicate: { buildDefinition: 'x', runDetails: [], builder: 5, materials: {}, metadata: 'y' } },
    { predicate: { buildDefinition: { buildType: 'x', resolvedDependencies: [null, 7, [], { uri: {} }] } } },
  ]) {
    expect(described(content)?.dependencies).toEqual([]);
  }
  expect(described(Buffer.from('{"predicate":'))).toBeUndefined();
  expect(described(Buffer.from('['.repeat(1_000_000)))).toBeUndefined();
  const many = Array.from({ length: 100_000 }, (_, index) => ({
    uri: `\u001b[2Jx${index}`,
    digest: { a: 'b'.repeat(10_000) },
  }));
  const summary = described({
    predicate: { buildDefinition: { buildType: 'x\u001b[31m', resolvedDependencies: many.slice(0, 2000) } },
  });
  expect(summary?.dependencies.length).toBeLessThanOrEqual(1000);
  expect(JSON.stringify(summary)).not.toContain('\\u001b');
  expect(summary?.dependencies[0]?.digest?.length).toBeLessThanOrEqual(300);
  const own = described({
    predicate: { runDetails: { builder: { id: `https://barnraiser.dev/${'x'.repeat(100_000)}` } } },
  });
  expect(own?.builder?.length).toBeLessThanOrEqual(300);
});
