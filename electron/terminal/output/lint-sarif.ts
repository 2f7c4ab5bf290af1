/** Findings in the format that code scanning reads. Source: OASIS, Static Analysis Results Interchange Format 2.1.0. */
import { type LintRuleId, lintRule, lintRules, lintRuleUrl } from '../../../shared/lint-rules.ts';
import { version } from '../../system/version.ts';
import type { LintReport } from './lint-report.ts';

export function sarifReport({ file, findings }: LintReport): object {
  const ids = Object.keys(lintRules) as LintRuleId[];
  const uri = file.split('/').map(encodeURIComponent).join('/');
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Barnraiser', version, rules: ids.map(describeRule) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ rule, severity, line, message }) => ({
          ruleId: rule,
          ruleIndex: ids.indexOf(rule),
          level: severity,
          message: { text: message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri, uriBaseId: '%SRCROOT%' },
                region: { startLine: line },
              },
            },
          ],
        })),
      },
    ],
  };
}

function describeRule(id: LintRuleId): object {
  const { summary, help, severity } = lintRule(id);
  const url = lintRuleUrl(id);
  return {
    id,
    name: id,
    shortDescription: { text: summary },
    fullDescription: { text: `${summary} ${help}` },
    help: { text: help },
    ...(url === undefined ? {} : { helpUri: url }),
    defaultConfiguration: { level: severity },
  };
}
