import { broken } from './broken.ts';
import { matchesList } from './pattern.ts';
import type { Directive } from './read.ts';
import { takeWord } from './words.ts';

/** What a Match is asked about. It looks at what is known when it is reached, not at what will be in the end. */
export interface Subject {
  /** The host with the HostName that is known so far. */
  readonly host: string;
  readonly originalHost: string;
  readonly user: string;
  readonly localUser: string;
  readonly final: boolean;
  /** Told when a `final` is met: the files are then read a second time. */
  readonly wantFinal: () => void;
  readonly note: (text: string) => void;
}

/** Criteria that would run something or ask the network, or that newer versions of ssh have. */
const undecided: ReadonlySet<string> = new Set(['exec', 'localnetwork', 'tagged', 'command', 'sessiontype', 'version']);

/**
 * Is a Match true? One with a criterion that is never decided here is not, whatever it says, and that is noted.
 * Source: OpenSSH 9.2, readconf.c, match_cfg_line(). @throws Failure `ssh.config`
 */
export function isMatch(directive: Directive, subject: Subject): boolean {
  let result = true;
  let skipped: string | undefined;
  let count = 0;
  let rest = directive.text;
  for (;;) {
    const next = takeWord(rest);
    if (!next || next.word === '' || next.word.startsWith('#')) {
      break;
    }
    rest = next.rest;
    const negated = next.word.startsWith('!');
    const criterion = next.word.slice(negated ? 1 : 0).toLowerCase();
    if (criterion === 'all') {
      const after = takeWord(rest)?.word ?? '';
      if (count > 1 || (after !== '' && !after.startsWith('#'))) {
        throw broken(directive, 'Match: all stands alone.');
      }
      result &&= !negated;
      count++;
      break;
    }
    count++;
    if (criterion === 'canonical' || criterion === 'final') {
      if (criterion === 'final') {
        subject.wantFinal();
      }
      result &&= subject.final !== negated;
      continue;
    }
    const value = takeWord(rest);
    if (!value || value.word === '' || value.word.startsWith('#')) {
      throw broken(directive, `Match: ${criterion} lacks its value.`);
    }
    rest = value.rest;
    if (undecided.has(criterion)) {
      skipped = criterion;
      continue;
    }
    const hit = decide(criterion, value.word, subject);
    if (hit === undefined) {
      throw broken(directive, `Match knows no ${criterion}.`);
    }
    result &&= hit !== negated;
  }
  if (count === 0) {
    throw broken(directive, 'Match lacks its criteria.');
  }
  if (skipped !== undefined && result) {
    const why = skipped === 'exec' ? 'Barnraiser runs nothing to read a configuration' : 'Barnraiser cannot tell';
    subject.note(`${directive.file}:${directive.line}: Match ${skipped} is skipped: ${why}.`);
  }
  return result && skipped === undefined;
}

function decide(criterion: string, patterns: string, subject: Subject): boolean | undefined {
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
