import { describe, expect, it } from 'vitest';
import { statuses } from '../testing/fixture-data.ts';
import { removalLosses } from './removal-losses.ts';

const byName = Object.fromEntries(statuses().map((status) => [status.connection, status]));
const lossesOf = (node: string, ...connections: string[]) => removalLosses({ name: 'home', connections }, node, byName);

describe('removing a node from a farm', () => {
  it('says which platforms will be emulated, and by which nodes', () => {
    expect(lossesOf('pi4', 'pi4', 'big-amd', 'this-computer')).toEqual([
      'In farm home, linux/arm64 will be emulated by this-computer, about ten times slower',
    ]);
  });

  it('says which platforms nothing builds any more, also those that the node emulated', () => {
    expect(lossesOf('riscv-board', 'riscv-board', 'pi4')).toEqual([
      'Nothing in farm home builds linux/riscv64 any more',
    ]);
    expect(lossesOf('big-amd', 'big-amd', 'this-computer', 'pi4')).toEqual([
      'Nothing in farm home builds linux/ppc64le and linux/s390x any more',
    ]);
  });

  it('loses nothing if another node builds the same', () => {
    expect(lossesOf('this-computer', 'this-computer', 'big-amd', 'pi4')).toEqual([]);
  });

  it('of a node that is down loses nothing that is known', () => {
    expect(lossesOf('s390x-lab', 's390x-lab', 'pi4')).toEqual([]);
  });

  it('leaves a farm that cannot build if it is the only one', () => {
    expect(lossesOf('pi4', 'pi4')).toEqual(['Farm home has no other node and cannot build any more']);
  });
});
