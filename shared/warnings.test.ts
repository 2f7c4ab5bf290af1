import { expect, test } from 'vitest';
import { parsePlatform } from './platform.ts';
import { groupWarnings } from './warnings.ts';

const platform = (name: string) => parsePlatform(name) ?? expect.fail(`${name} is not a platform`);
const at = (firstLine: number) => ({ file: 'Dockerfile', firstLine, lastLine: firstLine });

test('the same warning of several platforms is told once, and warnings are in the order of their lines', () => {
  const jobs = [
    { platform: platform('linux/amd64'), warnings: [{ text: 'no line' }, { text: 'old word', source: at(7) }] },
    { platform: platform('linux/arm64') },
    {
      platform: platform('linux/s390x'),
      warnings: [
        { text: 'old word', source: at(7) },
        { text: 'old word', source: at(2) },
      ],
    },
  ];
  expect(
    groupWarnings(jobs).map(({ warning, platforms }) => [warning.text, warning.source?.firstLine, platforms]),
  ).toEqual([
    ['old word', 2, ['linux/s390x']],
    ['old word', 7, ['linux/amd64', 'linux/s390x']],
    ['no line', undefined, ['linux/amd64']],
  ]);
});
