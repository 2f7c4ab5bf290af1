/** Collects every text that people see in one file, to be read from top to bottom. `vitest -u` writes it again. */
import { expect, test } from 'vitest';
import { productionSources } from './source.ts';
import { textsOf } from './texts.ts';

const title = `# Texts of the interface

Every text of the window, the terminal, notifications and problems, by the file that contains it. Made by \`npx vitest run --project rules -u\`.
Values in a text are in braces. Commands and technical texts that no person reads may be among them.
`;

test('docs/interface-texts.md has every text of the interface', async () => {
  // those of problem pages are in docs/problems/
  const sources = productionSources().filter(({ path }) => !path.startsWith('shared/problems/'));
  const sections = sources.flatMap((source) => {
    const texts = [...new Set(textsOf(source).map(({ text }) => text))];
    return texts.length === 0 ? [] : [`\n## ${source.path}\n\n${texts.map((text) => `- ${text}\n`).join('')}`];
  });
  await expect(title + sections.join('')).toMatchFileSnapshot('../../docs/interface-texts.md');
});
