/** Writes the page of each problem code, and checks what the pages say. `vitest -u` writes them again. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProgram } from '../../electron/terminal/commands/program.ts';
import { type ProblemCode, problemCodes } from '../../shared/failure.ts';
import { problemTexts } from '../../shared/problems/texts.ts';
import { textsOf } from '../translation/messages.ts';
import { commandIn, commandPath } from './command-lines.ts';
import { messagesByCode, type ProblemMessages } from './problem-messages.ts';
import { indexPage, problemPage } from './problem-pages.ts';
import { listFiles, productionSources } from './source.ts';

const sources = productionSources();
const messages = messagesByCode(sources.filter(({ path }) => !path.startsWith('shared/problems/')));
const messagesOf = (code: ProblemCode): readonly ProblemMessages[] => messages.get(code) ?? [];
const ignore = (): void => undefined;
const program = createProgram({ env: {}, workingFolder: '/', onCommand: ignore, onText: ignore });
const fixes = problemCodes.flatMap((code) => problemTexts[code].fixes.map((fix) => ({ code, ...fix })));

test('every code is raised somewhere', () => {
  expect(problemCodes.filter((code) => messagesOf(code).length === 0)).toEqual([]);
});

test('shared/problems/messages.json has the messages of every code', async () => {
  const rows = problemCodes.map((code) => `${JSON.stringify(code)}: ${JSON.stringify(messagesOf(code))}`);
  await expect(`{\n${rows.join(',\n')}\n}\n`).toMatchFileSnapshot('../../shared/problems/messages.json');
});

test('docs/problems has a page for every code, and no other', async () => {
  await expect(indexPage()).toMatchFileSnapshot('../../docs/problems/README.md');
  for (const code of problemCodes) {
    const page = problemPage(code, messagesOf(code), program);
    await expect(page).toMatchFileSnapshot(`../../docs/problems/${code}.md`);
  }
  const pages = ['README', ...problemCodes].map((name) => `docs/problems/${name}.md`);
  expect(listFiles('.md').filter((path) => path.startsWith('docs/problems/') && !pages.includes(path))).toEqual([]);
});

test('the commands on the pages exist, with their flags', () => {
  const wrong = fixes.flatMap(({ code, terminal = [] }) =>
    terminal.flatMap((line) => {
      const problem = commandIn(line, program);
      return problem === undefined ? [] : [`${code}: ${line}: ${problem}`];
    }),
  );
  expect(wrong).toEqual([]);
  const named = new Set(
    fixes.flatMap(({ terminal = [] }) => terminal.flatMap((line) => commandPath(line, program) ?? [])),
  );
  expect(named.size).toBeGreaterThan(40);
});

test('what the pages name in the window is there', () => {
  const texts = sources.filter(({ path }) => path.startsWith('renderer/')).flatMap((source) => textsOf(source));
  // those in capitals are taken for technical texts
  const labels = new Set(['URI', 'Containerfile', ...texts.map(({ text }) => text)]);
  const wrong = fixes.flatMap(({ code, window = '' }) =>
    window
      .split(' › ')
      .filter((part, _, { length }) => length > 1 && !/^[a-z]/.test(part) && !labels.has(part))
      .map((part) => `${code}: ${part}`),
  );
  expect(wrong).toEqual([]);
});

test('pages name each other and other pages that there are', () => {
  const wrong = problemCodes.flatMap((code) => {
    const { see = [], docs = [] } = problemTexts[code];
    return [
      ...see.filter((other) => other === code).map((other) => `${code} names itself: ${other}`),
      ...docs.filter((path) => !existsSync(`docs/${path}`)).map((path) => `${code}: docs/${path}`),
    ];
  });
  expect(wrong).toEqual([]);
});
