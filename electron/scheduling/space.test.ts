import { expect, test } from 'vitest';
import type { Node } from '../../shared/node.ts';
import { parsePlatform } from '../../shared/platform.ts';
import { spaceProblem, spaceProblems } from './space.ts';

const megabyte = 1e6;
const space = (free: number) => ({ total: 1e12, free: free * megabyte });

function node(change: Partial<Node> = {}): Node {
  return {
    connection: 'pi4',
    engine: 'docker',
    version: '26.1.5',
    apiVersion: '1.45',
    hostname: 'pi4',
    platform: parsePlatform('linux/arm64') ?? expect.fail('no platform'),
    emulated: [],
    capabilities: { exportFormats: [] },
    latencyMs: 1,
    disk: space(1000),
    ...change,
  };
}

const need = { contextBytes: 300 * megabyte, imageBytes: 500 * megabyte, builtOn: new Set<string>() };

test('a node needs room for the context and for the image of the last build', () => {
  expect(spaceProblem(node(), need)).toBeUndefined();
  expect(spaceProblem(node({ disk: space(810) }), need)).toMatchObject({
    code: 'engine.disk-low',
    message: 'Node pi4 has only 810 MB free where it stores images, and this build needs at least 800 MB there.',
    actions: [{ id: 'free-disk', node: 'pi4' }],
  });
  // it has the layers of the last image
  expect(spaceProblem(node({ disk: space(400) }), { ...need, builtOn: new Set(['pi4']) })).toBeUndefined();
});

test('an older podman needs room for the context twice, where it has its temporary files', () => {
  const podman = (version: string, temporary: number) =>
    spaceProblem(node({ engine: 'podman', version, disk: space(600), temporary: space(temporary) }), need)?.message;
  expect(podman('5.4.2', 500)).toBe(
    'Node pi4 has only 500 MB free for temporary files, and this build needs at least 600 MB there.',
  );
  expect(podman('5.8.6', 500)).toBeUndefined();
  expect(podman('5.4.2', 700)).toBeUndefined();
});

test('what is not known keeps no node out', () => {
  expect(spaceProblem(node({ disk: { total: 0, free: 0 } }), need)).toBeUndefined();
  const { disk: _, ...unknown } = node();
  expect(spaceProblem(unknown, need)).toBeUndefined();
  expect(spaceProblem(node({ disk: space(1) }), { ...need, contextBytes: 0, imageBytes: 0 })).toBeUndefined();
});

test('only nodes that are up and have too little space are named', () => {
  const full = node({ connection: 'full', disk: space(1) });
  const statuses = [node(), full].map((each) => ({ state: 'up', connection: each.connection, node: each }) as const);
  expect(Object.keys(spaceProblems(statuses, need))).toEqual(['full']);
});
