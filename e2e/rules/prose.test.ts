/** Phrases and names that WORDS of the glossary (CONTRIBUTING.md) replace. Single words are in cspell.json. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { textsOf } from '../translation/messages.ts';
import { type Located, listFiles, readSource } from './source.ts';

/** A discouraged phrase, and what to write instead. */
type Rule = readonly [pattern: RegExp, instead: string];

const phrases: readonly Rule[] = [
  [
    /\bbr(ing|ings|inging|ought)( it| them| the (image|layers)s?| images?)? (back|home)\b|\bcom(e|es|ing) back whole\b/i,
    'transfer',
  ],
  [
    /\bways? (in|out|back|there|to (a|an|the|its|one|each|every) (node|engine|host|server|registry))\b/i,
    'connection, route, fix or reverse port forward',
  ],
  [
    /\b(the|a|its|lost|idle|open|each|every) lines? (to|of) (a|an|the|its|one|each|every) (node|connection|engine|host)s?\b|\b(lost|idle|dead) lines?\b|\bline (is|was) (lost|closed|dropped)\b/i,
    'connection or SSH session',
  ],
  [
    /(?<!\b[Tt]here )(?<!\b[Ww]here )\b(is|are) no (?!longer|more|other|such|different|way|need|reason|less|better|good|one|match|value|limit|problem)[a-z]+\b(?! (in|on|at|for|to|left|yet|here|that|which|with|of)\b)/,
    'is not a …',
  ],
  [/\b(is|are|was|were|be|being) told\b|\btold (of|about)\b|\btells? (of|whoever)\b/i, 'is notified, reports'],
  [/\bworth (to|a)\b/i, 'worth …ing'],
  [/\bwho(ever| has| wants| gives| builds| uses| comes)\b/i, 'the user, the caller'],
  [/\b(as|so) it stands\b|\bstands? (there|beside|in (the|an?|its|their|your|our|another|[A-Z~.`]))\b/, 'is in'],
  [/\bgoes? the way\b|\bgone the way\b/i, 'checks each step'],
  [/\b(lets?|letting) (nothing|nobody|no one)\b/i, 'prevents, does not'],
  [/\bby (chance|itself alone)\b/i, 'random'],
  [/\bhas (not what|nothing of)\b/i, 'lacks'],
  [/\ban? (own)\b/i, 'a separate, its own'],
  [/\bwithout a word\b|\bin passing\b|\bat work\b/i, 'without output, running'],
];

/** Parts of names, as camel case or a dash separates them. */
const nameParts: readonly Rule[] = [
  [/^(place|places)$/, 'slot, route, position, path'],
  [/^(way|ways)$/, 'method, route, transport'],
  [
    /^(residue|remains|keeper|rung|rungs|ladder|climb|door|doors|mend|mended|mischief|unruly|crowded|stranger|breathe|nobody|whom)$/,
    'see the glossary',
  ],
  [/^(hole|holes|patience|turns|judge)$/, 'see the glossary'],
];

const isTest = (path: string): boolean => /\.test\.tsx?$|(^|\/)testing\//.test(path);

interface Found extends Located {
  readonly path: string;
}

const sources = listFiles('.ts', '.tsx')
  .filter((path) => !path.startsWith('e2e/rules/'))
  .map(readSource);

const prose: readonly Found[] = [
  ...sources.flatMap((source) => [
    ...source.comments.map((comment) => ({ path: source.path, ...comment })),
    ...(isTest(source.path) ? [] : textsOf(source)).map((text) => ({ path: source.path, ...text })),
  ]),
  ...listFiles('.md', '.css', '.html', '.sh').map((path) => ({ path, line: 1, text: readFileSync(path, 'utf8') })),
];

const report = (rules: readonly Rule[], found: readonly Found[]): string[] =>
  found.flatMap(({ path, line, text }) =>
    rules.flatMap(([pattern, instead]) => {
      const match = pattern.exec(text.replace(/\s*\n\s*\*?\s*/g, ' '));
      return match ? [`${path}:${line} "${match[0]}" → ${instead}`] : [];
    }),
  );

test('no comment, text or page uses a phrase that the glossary replaces', () => {
  expect(report(phrases, prose)).toEqual([]);
});

test('no name uses a word that the glossary replaces', () => {
  const names = sources.flatMap(({ path, text }) =>
    [...new Set(text.match(/(?<![.'"\w])[A-Za-z_$][\w$]*(?=\s*[:=(<?,;)}])/g) ?? [])].flatMap((name) =>
      name.split(/(?<=[a-z\d])(?=[A-Z])|[_$\d]+/).map((part) => ({
        path,
        line: text.slice(0, text.indexOf(name)).split('\n').length,
        text: part.toLowerCase(),
      })),
    ),
  );
  expect(report(nameParts, names)).toEqual([]);
});

test('only the terminal names commands and flags of barnraiser: other texts say what to do, and offer an action', () => {
  const isTerminal = (path: string): boolean =>
    /^electron\/(terminal\/|cli\.ts|browser\.ts|attach\/)|^shared\/problems\//.test(path) ||
    path.endsWith('sample-project.ts');
  const ownFlags =
    /(?<![\w`-])`?--(tls-verify|creds|file|no-emulation|accept-new-host-keys|platform|farm|node|format)\b/;
  const rules: readonly Rule[] = [
    [/`barnraiser [a-z]/, 'an action of the problem'],
    [ownFlags, 'an action of the problem'],
  ];
  const texts = sources
    .filter(({ path }) => /^(electron|shared|renderer)\//.test(path) && !isTest(path) && !isTerminal(path))
    .flatMap((source) => textsOf(source).map((text) => ({ path: source.path, ...text })));
  // a flag inside the quoted command of another program is that program's own
  const withoutCommands = texts.map((text) => ({ ...text, text: text.text.replace(/`(?!barnraiser|--)[^`]*`/g, '') }));
  expect(report(rules, withoutCommands)).toEqual([]);
});
