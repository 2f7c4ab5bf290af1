/** What pages show is true: commands parse, links lead somewhere, and blocks of the guide are run or say why not. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { expect, test } from 'vitest';
import { parseArguments } from '../../electron/terminal/commands/parse-arguments.ts';
import { createProgram } from '../../electron/terminal/commands/program.ts';
import { commandsOf, firstCommand, type ShownCommand } from '../docs/commands.ts';
import { readPage } from '../docs/pages.ts';
import { renderDocs } from '../docs/render.ts';
import { listFiles } from './source.ts';

const pages = listFiles('.md').map(readPage);
const pageAt = new Map(pages.map((page) => [page.path, page]));
const guide = pages.filter(({ path }) => path.startsWith('docs/guide/'));

/** Why a command is not one. Undefined: it is. */
function whyInvalid(words: readonly string[], mayLackArguments: boolean): string | undefined {
  const parsed = parseArguments(words, { env: {}, cwd: '/' });
  if (parsed.kind !== 'invalid') {
    return undefined;
  }
  const { message } = parsed.problem;
  return mayLackArguments && /missing required argument|required option/.test(message) ? undefined : message;
}

const image = 'example.com/image:1';
const values: Readonly<Record<string, string>> = {
  ...{ A: image, B: image, REF: image, OLD: image, NEW: image, IMAGE: image, SOURCE: image, DESTINATION: image },
  ...{ OUTPUT: 'oci:folder', PLATFORM: 'linux/amd64', COMMAND: 'builds', PORT: '22' },
};

/** A command in a text, with values in place of words such as `REF`, and without what is optional: `[-t NAME]…`. */
function withValues(text: string): string {
  const required = text
    .replace(/ \[[^\]]*\]/g, '')
    .replaceAll('…', '')
    .replace(/\{\w+\}/g, 'name');
  return required.replace(/\b[A-Z]+\b(?!=)/g, (word) => values[word] ?? word.toLowerCase());
}

function invalid(commands: readonly ShownCommand[], mayLackArguments: boolean): string[] {
  return commands.flatMap(({ at, words }) => {
    const why = whyInvalid(words, mayLackArguments);
    return why === undefined ? [] : [`${at} barnraiser ${words.join(' ')}: ${why}`];
  });
}

test('each command of Barnraiser in the pages can be parsed', () => {
  // those of the reference are made of the table of commands
  const written = pages.filter(({ path }) => !path.startsWith('docs/reference/'));
  const shown = written.flatMap(({ path, blocks }) =>
    blocks.flatMap((block) =>
      commandsOf(path.startsWith('docs/problems/') ? { ...block, text: withValues(block.text) } : block),
    ),
  );
  expect(shown.length).toBeGreaterThan(50);
  expect(invalid(shown, false)).toEqual([]);
  const inText = pages.flatMap(({ path, codes }) =>
    codes
      .filter(({ target }) => target.startsWith('barnraiser ') && !/^barnraiser [A-Z]/.test(target))
      .map(({ line, target }) => ({ at: `${path}:${line}`, words: firstCommand(withValues(target)).slice(1) })),
  );
  expect(inText.length).toBeGreaterThan(50);
  expect(invalid(inText, true)).toEqual([]);
});

test('an unknown command or option in a page is found', () => {
  const block = { page: 'page.md', line: 1, language: 'sh' };
  const found = (text: string) => invalid(commandsOf({ ...block, text }), false);
  expect(found('TOKEN=1 barnraiser assemble .')).toHaveLength(1);
  expect(found('true && barnraiser build \\\n  --no-such-option .')).toHaveLength(1);
  expect(found('x="$(barnraiser images --yaml | head -1)"')).toHaveLength(1);
  expect(found('barnraiser build -t \'a:1\' --label "b c" . > log 2>&1 # --no-such-option')).toEqual([]);
});

test('each link leads to a file that exists, and to a heading in it', () => {
  const wrong = pages.flatMap(({ path, links }) =>
    links
      .filter(({ target }) => !/^(https?|mailto):/.test(target))
      .flatMap(({ line, target }) => {
        const [file = '', anchor] = target.split('#');
        const linked = file === '' ? path : join(dirname(path), file);
        const anchors = pageAt.get(linked)?.anchors;
        const isThere = existsSync(linked) && (anchor === undefined || anchors?.has(anchor));
        return isThere ? [] : [`${path}:${line} ${target}`];
      }),
  );
  expect(wrong).toEqual([]);
});

test('each block of the guide is run, or says why not', () => {
  const unexplained = guide.flatMap(({ blocks }) =>
    blocks.flatMap(({ page, line, language, comment = '' }) => {
      const isKnown =
        /^(output|fails|not run: .+|file: [\w./-]+)$/s.test(comment) || (comment === '' && language === 'sh');
      return isKnown ? [] : [`${page}:${line} ${language} ${comment}`];
    }),
  );
  expect(unexplained).toEqual([]);
  expect(guide.flatMap(({ blocks }) => blocks).length).toBeGreaterThan(40);
});

test('the guide has each command', () => {
  const ignore = (): void => undefined;
  const program = createProgram({ env: {}, workingFolder: '/', onCommand: ignore, onText: ignore });
  const shown = pageAt.get('docs/guide/commands.md')?.codes.map(({ target }) => target.split(' ', 1)[0]) ?? [];
  const names = program.commands.map((command) => command.name()).filter((name) => name !== 'help');
  expect(names.filter((name) => !shown.includes(name))).toEqual([]);
});

test('each page of the guide is in its index', () => {
  const linked = pageAt.get('docs/guide/index.md')?.links.map(({ target }) => join('docs/guide', target)) ?? [];
  const paths = guide.map(({ path }) => path).filter((path) => path !== 'docs/guide/index.md');
  expect(paths.filter((path) => !linked.includes(path))).toEqual([]);
});

test('the pages of the window lead only to pages and headings that they have', async () => {
  const files = await renderDocs();
  const text = new Map(files.map(({ name, source }) => [name, source.toString()]));
  expect(text.get('docs/guide/index.html')).toContain('<h1 id="guide">Guide</h1>');
  const wrong = [...text].flatMap(([name, html]) =>
    name.endsWith('.html')
      ? [...html.matchAll(/ (?:href|src|srcset)="([^"]+)"/g)].flatMap(([, target = '']) => {
          const [file = '', anchor] = target.split('#');
          const linked = text.get(file === '' ? name : join(dirname(name), file));
          const isThere = linked !== undefined && (anchor === undefined || linked.includes(` id="${anchor}"`));
          return isThere ? [] : [`${name}: ${target}`];
        })
      : [],
  );
  expect(wrong).toEqual([]);
});

test('no picture of the pages is larger than 600 kB', () => {
  const large = listFiles('.png').filter((path) => path.startsWith('docs/') && statSync(path).size > 600_000);
  expect(large).toEqual([]);
});
