import { expect, test } from 'vitest';
import { parsePlatform } from './platform.ts';
import { groupWarnings, withoutReported } from './warnings.ts';

const platform = (name: string) => parsePlatform(name) ?? expect.fail(`${name} is not a platform`);
const at = (firstLine: number) => ({ file: 'Dockerfile', firstLine, lastLine: firstLine });

test('the same warning of several platforms is reported once, and warnings are in the order of their lines', () => {
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

test('what was found in the Containerfile before the build is not reported again when BuildKit finds it', () => {
  const warnings = [
    { text: 'UndefinedVar: Usage of undefined variable (line 2)', source: at(2) },
    { text: 'UndefinedVar: Usage of undefined variable (line 7)', source: at(7) },
    { text: 'something else', source: at(2) },
  ];
  const groups = groupWarnings([{ platform: platform('linux/amd64'), warnings }]);
  const reported = [{ rule: 'UndefinedVar', line: 2 }];
  expect(withoutReported(groups, reported).map(({ warning }) => warning)).toEqual([warnings[2], warnings[1]]);
});
