import { describe, expect, test } from 'vitest';
import type { ContextFile } from '../../context/context-source.ts';
import { ContextFiles } from './context-files.ts';

const file = (path: string): ContextFile => ({
  kind: 'file',
  path,
  mode: 0o644,
  modifiedMs: 0,
  size: 1,
  offset: 0,
  digest: '',
});
const link = (path: string, target: string): ContextFile => ({
  kind: 'symlink',
  path,
  mode: 0o777,
  modifiedMs: 0,
  target,
});

/** What a daemon asks for must not keep this process busy: each of these took minutes. */
describe('choosing files takes a moment', () => {
  const files = Array.from({ length: 50_000 }, (_, number) => file(`file-${number}-aaaaaaaaaaaaaaaaaaaaaa`));

  test('for many patterns', () => {
    const patterns = Array.from({ length: 9_000 }, (_, number) => `*a*a*a*b${number}`);
    expect(new ContextFiles(files).select(patterns)).toHaveLength(files.length);
  });

  test('for deep paths of patterns', () => {
    const paths = Array.from({ length: 200 }, (_, number) => `${'*/'.repeat(2000)}${number}`);
    expect(new ContextFiles(files).select(paths)).toHaveLength(files.length);
  });

  test('for links that lead through themselves', () => {
    const links = Array.from({ length: 100 }, (_, number) => link(`l${number}`, `${'x/../'.repeat(300)}l${number}/x`));
    const paths = links.map(({ path }) => path);
    expect(new ContextFiles([...links, ...files]).select(paths).length).toBeGreaterThan(0);
  });
});
