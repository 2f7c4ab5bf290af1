import { configProblem } from './config-problem.ts';
import { matchesList } from './pattern.ts';
import type { Directive } from './read.ts';
import { takeWord } from './words.ts';

/** What a Match is compared with: the values that are known when it is reached, not the final ones. */
export interface MatchSubject {
  /** The HostName that is known so far, else the host. */
  readonly host: string;
  readonly originalHost: string;
  readonly user: string;
  readonly localUser: string;
  readonly isFinalPass: boolean;
  /** Called for each `final` criterion, which requires a second pass over the files. */
  readonly onMatchFinal: () => void;
  readonly addNote: (text: string) => void;
}

/** Criteria that would run a command, use the network, or need a newer version of ssh. */
const unsupportedCriteria: ReadonlySet<string> = new Set([
  'exec',
  'localnetwork',
  'tagged',
  'command',
  'sessiontype',
  'version',
]);

/**
 * Whether a Match applies. A Match with an unsupported criterion never applies; a note says so.
 * Source: OpenSSH 9.2, readconf.c, match_cfg_line(). @throws Failure `ssh.config`
 */
export function isMatch(line: Directive, subject: MatchSubject): boolean {
  let result = true;
  let skipped: string | undefined;
  let count = 0;
  let rest = line.text;
  for (;;) {
    const next = takeWord(rest);
    if (!next || next.word === '' || next.word.startsWith('#')) {
      break;
    }
    rest = next.rest;
    const isNegated = next.word.startsWith('!');
    const criterion = next.word.slice(isNegated ? 1 : 0).toLowerCase();
    if (criterion === 'all') {
      const after = takeWord(rest)?.word ?? '';
      if (count > 1 || (after !== '' && !after.startsWith('#'))) {
        throw configProblem(line, 'Match all cannot be combined with other criteria.');
      }
      result &&= !isNegated;
      count++;
      break;
    }
    count++;
    if (criterion === 'canonical' || criterion === 'final') {
      if (criterion === 'final') {
        subject.onMatchFinal();
      }
      result &&= subject.isFinalPass !== isNegated;
      continue;
    }
    const value = takeWord(rest);
    if (!value || value.word === '' || value.word.startsWith('#')) {
      throw configProblem(line, `Match ${criterion} has no value.`);
    }
    rest = value.rest;
    if (unsupportedCriteria.has(criterion)) {
      skipped = criterion;
      continue;
    }
    const isHit = matchesCriterion(criterion, value.word, subject);
    if (isHit === undefined) {
      throw configProblem(line, `Match has no criterion "${criterion}".`);
    }
    result &&= isHit !== isNegated;
  }
  if (count === 0) {
    throw configProblem(line, 'Match has no criteria.');
  }
  if (skipped !== undefined && result) {
    const why = skipped === 'exec' ? 'runs no commands to read a configuration' : 'does not support this criterion';
    subject.addNote(`${line.file}:${line.line}: Match ${skipped} is ignored: Barnraiser ${why}.`);
  }
  return result && skipped === undefined;
}

function matchesCriterion(criterion: string, patterns: string, subject: MatchSubject): boolean | undefined {
  switch (criterion) {
    case 'host':
      return matchesList(subject.host.toLowerCase(), patterns.toLowerCase());
    case 'originalhost':
      return matchesList(subject.originalHost.toLowerCase(), patterns.toLowerCase());
    case 'user':
      return matchesList(subject.user, patterns);
    case 'localuser':
      return matchesList(subject.localUser, patterns);
    default:
      return undefined;
  }
}
