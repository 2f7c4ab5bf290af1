import { expect, test } from 'vitest';
import { findingsOf, jsonReport, summaryOf, textLines } from './lint-report.ts';
import { sarifReport } from './lint-sarif.ts';

const project = {
  containerfiles: ['docker/My Containerfile'],
  errors: [
    {
      code: 'context.containerfile' as const,
      line: 4,
      message: 'docker/My Containerfile, line 4: scr is not in the context.',
      fix: 'Did you mean src?',
      rule: 'MissingSource' as const,
    },
  ],
  warnings: [
    { kind: 'env-file', path: '.env', message: 'may contain secrets' },
    {
      kind: 'containerfile',
      path: 'docker/My Containerfile',
      line: 9,
      message: 'X\u001b[31m',
      rule: 'UndefinedVar' as const,
    },
    {
      ...{ kind: 'containerfile', path: 'docker/My Containerfile', line: 2, message: 'as is written so.' },
      ...{ rule: 'FromAsCasing' as const, isNote: true },
    },
  ],
};
const report = findingsOf(project, 'api');

test('findings are printed in the order of their lines, as compilers print them', () => {
  expect(textLines(report, (_, text) => text)).toEqual([
    'api/docker/My Containerfile:2: note: as is written so. [FromAsCasing]',
    'api/docker/My Containerfile:4: error: scr is not in the context. Did you mean src? [MissingSource]',
    expect.stringMatching(/^api\/docker\/My Containerfile:9: warning: X\S* \[UndefinedVar\]$/),
  ]);
  expect(textLines(report, (_, text) => text).join('')).not.toContain('\u001b');
  expect(summaryOf(report)).toBe('1 error, 1 warning, 1 note in api/docker/My Containerfile');
  expect(summaryOf({ ...report, findings: [] })).toBe('Nothing is wrong in api/docker/My Containerfile.');
});

test('as JSON, findings have the page of their rule', () => {
  expect(jsonReport(report)).toMatchObject({
    file: 'api/docker/My Containerfile',
    findings: [
      { rule: 'FromAsCasing', url: 'https://docs.docker.com/reference/build-checks/from-as-casing/' },
      { rule: 'MissingSource', severity: 'error', line: 4 },
      { rule: 'UndefinedVar' },
    ],
  });
});

test('as SARIF, each result names a rule of the tool, and a path that is a relative URI', () => {
  const { version, runs } = JSON.parse(JSON.stringify(sarifReport(report)));
  expect(version).toBe('2.1.0');
  const [{ tool, results }] = runs;
  expect(results).toHaveLength(3);
  for (const { ruleId, ruleIndex, level, message, locations } of results) {
    expect(tool.driver.rules[ruleIndex]).toMatchObject({ id: ruleId, help: { text: expect.any(String) } });
    expect(['error', 'warning', 'note']).toContain(level);
    expect(message.text).not.toBe('');
    const { artifactLocation, region } = locations[0].physicalLocation;
    expect(artifactLocation).toEqual({ uri: 'api/docker/My%20Containerfile', uriBaseId: '%SRCROOT%' });
    expect(region.startLine).toBeGreaterThan(0);
  }
});
