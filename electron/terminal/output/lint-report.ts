import { posix, sep } from 'node:path';
import { formatCount } from '../../../shared/format.ts';
import { type LintRuleId, type LintSeverity, lintRuleUrl } from '../../../shared/lint-rules.ts';
import type { Project } from '../../../shared/project.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Paint } from './paint.ts';
import { cleanLine } from './text.ts';

export interface LintFinding {
  readonly rule: LintRuleId;
  readonly severity: LintSeverity;
  readonly line: number;
  /** With what to do about it. */
  readonly message: string;
}

export interface LintReport {
  /** The path of the Containerfile, with forward slashes. */
  readonly file: string;
  /** In the order of the lines. */
  readonly findings: readonly LintFinding[];
}

/** What is wrong in the Containerfile of a project. @param folder the path of the project as it is to be named */
export function findingsOf(
  { containerfiles, errors, warnings }: Pick<Project, 'containerfiles' | 'errors' | 'warnings'>,
  folder: string,
): LintReport {
  const [name = ''] = containerfiles;
  const found = [
    ...errors.flatMap(({ rule, line, message, fix }) => {
      const text = message.replace(`${name}, line ${line}: `, '');
      return rule ? [{ rule, severity: 'error' as const, line, message: `${text} ${fix}`.trim() }] : [];
    }),
    ...warnings.flatMap(({ rule, line, message, isNote }) => {
      const severity = isNote ? ('note' as const) : ('warning' as const);
      return rule && line !== undefined ? [{ rule, severity, line, message }] : [];
    }),
  ];
  return {
    file: posix.join(folder.replaceAll(sep, '/'), name.replaceAll(sep, '/')),
    findings: found.sort((one, other) => one.line - other.line),
  };
}

const colors = { error: 'red', warning: 'yellow', note: 'cyan' } as const;

/** One line for each, as compilers print them, so that editors and terminals find the place. */
export function textLines({ file, findings }: LintReport, paint: Paint): string[] {
  return findings.map(({ severity, line, message, rule }) =>
    [
      `${cleanLine(file)}:${line}:`,
      paint(colors[severity], `${wordOf(severity)}:`),
      cleanLine(message),
      paint('dim', `[${rule}]`),
    ].join(' '),
  );
}

export function summaryOf({ file, findings }: LintReport): string {
  const count = (severity: LintSeverity): number => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, notes] = [count('error'), count('warning'), count('note')];
  const counts = [
    ...(errors > 0 ? [formatCount(errors, 'error')] : []),
    ...(warnings > 0 ? [formatCount(warnings, 'warning')] : []),
    ...(notes > 0 ? [formatCount(notes, 'note')] : []),
  ];
  return counts.length === 0 ? `Nothing is wrong in ${file}.` : `${counts.join(', ')} in ${file}`;
}

export function jsonReport({ file, findings }: LintReport): object {
  return {
    file,
    findings: findings.map((finding) => ({ ...finding, url: lintRuleUrl(finding.rule) })),
  };
}
