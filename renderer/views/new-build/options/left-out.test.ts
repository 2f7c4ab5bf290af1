import { describe, expect, it } from 'vitest';
import { impossibleText, leftOutText, type OptionNode } from './left-out.ts';

const podman = (connection: string, version = '5.7.1'): OptionNode => ({ connection, engine: 'podman', version });
const buildkit = (connection: string): OptionNode => ({ connection, engine: 'buildkit', version: '0.26.2' });
const classic = (connection: string): OptionNode => ({
  connection,
  engine: 'docker',
  builder: 'classic',
  version: '18.06.3',
});

describe('the nodes that an option leaves out', () => {
  const nodes = [podman('a'), buildkit('b'), buildkit('c'), classic('d')];

  it('are named with the reasons', () => {
    expect(leftOutText(nodes, 'home', 'dns', ['192.168.1.1'])).toBe(
      "Leaves out b and c: BuildKit takes DNS servers only from its own configuration. Leaves out d: docker's classic builder has no such option.",
    );
    expect(leftOutText(nodes, 'home', 'dns', undefined)).toBeUndefined();
    expect(leftOutText(nodes, 'home', 'labels', { a: '1' })).toBeUndefined();
    expect(leftOutText(nodes, 'home', 'layers', false)).toContain('Leaves out b and c: BuildKit always makes layers.');
  });

  it('can be all, which is also said before it is changed', () => {
    const text = 'No node of lab can do this: BuildKit has no such option.';
    expect(leftOutText([buildkit('b')], 'lab', 'memory', 1024)).toBe(text);
    expect(impossibleText([buildkit('b')], 'lab', 'memory')).toBe(text);
    expect(impossibleText(nodes, 'home', 'memory')).toBeUndefined();
    expect(impossibleText([buildkit('b')], undefined, 'rm')).toBe(
      'No node can do this: BuildKit has no containers that could be kept.',
    );
    expect(impossibleText([buildkit('b')], 'lab', 'pull')).toBeUndefined();
    expect(impossibleText([], 'lab', 'memory')).toBeUndefined();
  });

  it('are counted in a large farm', () => {
    const many = Array.from({ length: 50 }, (_, index) => podman(`node${index}`, `5.${index % 4}.0`));
    const text = leftOutText([...many, podman('new')], 'dc', 'rewriteTimestamp', true) ?? '';
    expect(text).toContain('Leaves out node0, node4, node8 and 10 more: it needs 5.6 or newer');
    expect(text).toMatch(/Leaves out \d+ more nodes\.$/);
    expect(text.length).toBeLessThan(500);
  });
});
