import { describe, expect, it } from 'vitest';
import { statuses } from '../testing/fixture-data.ts';
import { computeCoverage, formatCoverage, upNodes } from './coverage.ts';

const up = upNodes(statuses());
const nodesNamed = (...names: string[]) => up.filter(({ connection }) => names.includes(connection));
const coverageTexts = (...names: string[]) =>
  computeCoverage(nodesNamed(...names)).map((each) => `${each.platform} ${formatCoverage(each)}`);

describe('the coverage of a farm', () => {
  it('lists native platforms before emulated ones', () => {
    expect(coverageTexts('big-amd', 'pi4', 'this-computer')).toEqual([
      'linux/amd64 native on 2',
      'linux/arm64 native on 1',
      'linux/386 native on 2',
      'linux/ppc64le emulated on 1',
      'linux/s390x emulated on 1',
    ]);
  });

  it('counts emulating nodes only if no node is native', () => {
    expect(coverageTexts('this-computer')).toContain('linux/arm64 emulated on 1');
    expect(coverageTexts('this-computer', 'pi4')).toContain('linux/arm64 native on 1');
  });

  it('marks the own platforms of the nodes as default', () => {
    const defaults = computeCoverage(nodesNamed('big-amd', 'pi4')).filter(({ isDefault }) => isDefault);
    expect(defaults.map((each) => each.platform)).toEqual(['linux/amd64', 'linux/arm64']);
  });

  it('counts a machine once, however many connections lead to it', () => {
    const [amd] = nodesNamed('big-amd').map((node) => ({ ...node, machineId: 'm1' }));
    const nodes = amd ? [amd, { ...amd, connection: 'big-amd-2' }, ...nodesNamed('this-computer')] : [];
    const [first] = computeCoverage(nodes);
    expect(first?.native).toEqual(['big-amd', 'big-amd-2', 'this-computer']);
    expect(first && formatCoverage(first)).toBe('native on 2');
  });

  it('is empty without nodes that are up', () => {
    expect(computeCoverage(upNodes([undefined, ...statuses().filter(({ state }) => state === 'down')]))).toEqual([]);
  });
});
