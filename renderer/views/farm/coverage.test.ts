import { describe, expect, it } from 'vitest';
import { statuses } from '../../testing/fixture-data.ts';
import { coverageOf, coverageWords, upNodes } from './coverage.ts';

const up = upNodes(statuses());
const named = (...names: string[]) => up.filter(({ connection }) => names.includes(connection));
const words = (...names: string[]) =>
  coverageOf(named(...names)).map((each) => `${each.platform} ${coverageWords(each)}`);

describe('what a farm can build', () => {
  it('is said platform by platform, what its nodes are before what they emulate', () => {
    expect(words('big-amd', 'pi4', 'this-computer')).toEqual([
      'linux/amd64 native on 2',
      'linux/arm64 native on 1',
      'linux/386 native on 2',
      'linux/ppc64le emulated on 1',
      'linux/s390x emulated on 1',
    ]);
  });

  it('counts who emulates only where nobody is native', () => {
    expect(words('this-computer')).toContain('linux/arm64 emulated on 1');
    expect(words('this-computer', 'pi4')).toContain('linux/arm64 native on 1');
  });

  it('is the default only for what a node is', () => {
    const standard = coverageOf(named('big-amd', 'pi4')).filter(({ isDefault }) => isDefault);
    expect(standard.map((each) => each.platform)).toEqual(['linux/amd64', 'linux/arm64']);
  });

  it('is nothing without nodes that are up', () => {
    expect(coverageOf(upNodes([undefined, ...statuses().filter(({ state }) => state === 'down')]))).toEqual([]);
  });
});
