import { describe, expect, it } from 'vitest';
import {
  formatAgo,
  formatBytes,
  formatBytesOf,
  formatClock,
  formatCount,
  formatDigest,
  formatDuration,
  formatList,
  formatPathShort,
  formatPlatform,
} from './format.ts';

describe('formatting for people', () => {
  it('writes bytes with at most three digits, and never as 1000 of a unit', () => {
    expect([0, 812, 999, 1000, 12_400_000, 212_300_000, 999_960_000, 3_200_000_000_000].map(formatBytes)).toEqual([
      '0 B',
      '812 B',
      '999 B',
      '1.0 kB',
      '12.4 MB',
      '212 MB',
      '1.0 GB',
      '3.2 TB',
    ]);
  });

  it('writes a part in the unit of the whole', () => {
    expect(formatBytesOf(810_000, 12_400_000)).toBe('0.8 of 12.4 MB');
    expect(formatBytesOf(300_000_000, 212_000_000)).toBe('212 of 212 MB');
    expect(formatBytesOf(3, 812)).toBe('3 of 812 B');
  });

  it('writes durations from tenths of a second to hours', () => {
    expect([0, 40, 94, 95, 9_949, 12_400, 59_700, 252_000, 3_849_000].map(formatDuration)).toEqual([
      '0 ms',
      '40 ms',
      '94 ms',
      '0.1 s',
      '9.9 s',
      '12 s',
      '1:00',
      '4:12',
      '1:04:09',
    ]);
  });

  it('shows only full seconds on a clock', () => {
    expect([0, 7_999, 252_000, 3_849_000].map(formatClock)).toEqual(['0:00', '0:07', '4:12', '1:04:09']);
  });

  it('writes how long ago a time was', () => {
    const now = new Date('2026-03-01T12:00:00Z');
    const ago = (seconds: number): string => formatAgo(new Date(now.getTime() - seconds * 1000), now);
    expect([-5, 30, 50, 300, 3 * 3600, 30 * 3600, 4 * 86_400, 30 * 86_400].map(ago)).toEqual([
      'just now',
      'just now',
      '1 min ago',
      '5 min ago',
      '3 h ago',
      'yesterday',
      '4 days ago',
      '2026-01-30',
    ]);
  });

  it('shortens paths of every system to their last part', () => {
    const paths = ['/home/anna/api', '/home/anna/api/', 'C:\\projects\\api', 'C:/projects/api', '/srv/a\\b', '/', ''];
    expect(paths.map(formatPathShort)).toEqual(['api', 'api', 'api', 'api', 'a\\b', '/', '']);
  });

  it('counts, shortens and lists', () => {
    expect([formatCount(1, 'file'), formatCount(1204, 'file'), formatCount(2, 'entry', 'entries')]).toEqual([
      '1 file',
      '1,204 files',
      '2 entries',
    ]);
    expect([formatPlatform('linux/arm/v7'), formatPlatform('windows/amd64')]).toEqual(['arm/v7', 'windows/amd64']);
    expect(formatDigest(`sha256:${'0123456789abcdef'.repeat(4)}`)).toBe('0123456789ab');
    expect([formatList([]), formatList(['a']), formatList(['a', 'b', 'c'])]).toEqual(['', 'a', 'a, b and c']);
  });
});
