/** Writes docs/reference/ of the code, and finds what is missing there. `vitest -u` writes it again. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../../electron/terminal/commands/program.ts';
import { commandFacts, commandIndex, commandPage, exitCodePage } from './reference/command-pages.ts';
import { type ContractPages, contractPages } from './reference/contract-pages.ts';
import { dataFiles, dataFolderPage } from './reference/data-files.ts';
import { environmentPage, variableGroups } from './reference/environment.ts';
import { networkPage } from './reference/network.ts';
import { variablesOf } from './reference/source-variables.ts';
import { listFiles, productionSources } from './source.ts';

const sources = productionSources();
const ignore = (): void => undefined;
const program = createProgram({ env: {}, workingFolder: '/', onCommand: ignore, onText: ignore });
const facts = commandFacts(program);
const folder = '../../docs/reference';

test('docs/reference/commands has a page for every command, and no other', async () => {
  await expect(commandIndex(facts)).toMatchFileSnapshot(`${folder}/commands/README.md`);
  const names = facts.commands.map(({ path }) => path.replace(/^barnraiser /, ''));
  for (const [index, command] of facts.commands.entries()) {
    await expect(commandPage(command, facts.options)).toMatchFileSnapshot(`${folder}/commands/${names[index]}.md`);
  }
  const pages = ['README', ...names].map((name) => `docs/reference/commands/${name}.md`);
  const found = listFiles('.md').filter((path) => path.startsWith('docs/reference/commands/'));
  expect(found.filter((path) => !pages.includes(path))).toEqual([]);
});

test('every command has examples, or subcommands that have', () => {
  const without = (command: (typeof facts.commands)[number]): string[] =>
    command.examples.length > 0 ? [] : command.commands.length > 0 ? command.commands.flatMap(without) : [command.path];
  expect(facts.commands.flatMap(without)).toEqual([]);
});

test('docs/reference/exit-codes.md has every exit code', async () => {
  await expect(exitCodePage()).toMatchFileSnapshot(`${folder}/exit-codes.md`);
});

describe('the contract', () => {
  let pages: ContractPages;
  beforeAll(async () => {
    const shared = sources.filter(({ path }) => path.startsWith('shared/') && !path.startsWith('shared/problems/'));
    const modules = await Promise.all(
      shared.map(async ({ path }) => (await import(pathToFileURL(path).href)) as Record<string, unknown>),
    );
    pages = contractPages(shared, modules);
  });

  test('docs/reference/events.md has every event', async () => {
    await expect(pages.events).toMatchFileSnapshot(`${folder}/events.md`);
  });

  test('docs/reference/calls.md has every call', async () => {
    await expect(pages.calls).toMatchFileSnapshot(`${folder}/calls.md`);
  });

  test('docs/reference/types.md has their types', async () => {
    await expect(pages.types).toMatchFileSnapshot(`${folder}/types.md`);
  });
});

test('docs/reference/environment.md has every variable that is read', async () => {
  const listed = new Set(variableGroups.flatMap(({ variables }) => variables.map(({ name }) => name)));
  const read = new Set(sources.filter(({ path }) => !path.startsWith('shared/problems/')).flatMap(variablesOf));
  expect([...read].filter((name) => !listed.has(name))).toEqual([]);
  const texts = sources.map(({ text }) => text).join('\n');
  expect([...listed].filter((name) => !texts.includes(name))).toEqual([]);
  await expect(environmentPage()).toMatchFileSnapshot(`${folder}/environment.md`);
});

test('docs/reference/network.md', async () => {
  await expect(networkPage()).toMatchFileSnapshot(`${folder}/network.md`);
});

test('docs/reference/data-folder.md has every file that is named in the source', async () => {
  const listed = dataFiles.map(({ path }) => path.split('/')[0]);
  const named = sources
    .filter(({ path }) => /^(electron|shared)\//.test(path))
    .flatMap(({ text }) => [
      // a table of formats
      ...text.matchAll(/\bpath: '([^'/]+)(?:\/[^']*)?',\s+version: \d/g),
      ...text.matchAll(/join\((?:this\.#?)?home, '([^']+)'/g),
      ...text.matchAll(/path: join\((?:options\.)?folder, '([^']+)'\)/g),
      ...text.matchAll(/^export const \w+File = '([^']+\.json)'/gm),
    ])
    .map(([, name = '']) => name)
    // of other programs
    .filter((name) => !/^(\.|Library$|AppData$|snap$)/.test(name));
  expect(named.length).toBeGreaterThan(20);
  expect([...new Set(named)].filter((name) => !listed.includes(name))).toEqual([]);
  expect(dataFiles.filter(({ source }) => !existsSync(source)).map(({ source }) => source)).toEqual([]);
  await expect(dataFolderPage()).toMatchFileSnapshot(`${folder}/data-folder.md`);
});

test('docs/reference/README.md leads to every page', async () => {
  await expect(readme).toMatchFileSnapshot(`${folder}/README.md`);
  const pages = listFiles('.md').filter((path) => /^docs\/reference\/[\w-]+\.md$/.test(path));
  const missing = pages.filter(
    (path) => !path.endsWith('/README.md') && !readme.includes(path.split('/').at(-1) ?? ''),
  );
  expect(missing).toEqual([]);
});

const readme = `# Reference

Made from the code by \`npx vitest run --project rules -u\`; tests fail when something is missing.

- [Commands](commands/README.md) with their arguments, options and examples; [exit codes](exit-codes.md)
- [Build options by engine](../OPTIONS.md)
- [Problems](../problems/README.md): every code, its causes and what to do
- [Events](events.md) that \`--json\` prints, with [their types](types.md)
- [Calls](calls.md) between front ends and the app
- [The data folder](data-folder.md): its files and their formats
- [Environment variables](environment.md)
- [Ports and network use](network.md)
- [The format of barnraiser.json](../barnraiser.schema.json), a JSON schema for editors
`;
