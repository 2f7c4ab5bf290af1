/** Writes what each engine does with each option in one file. `vitest -u` writes it again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { limitProblem } from '../../electron/scheduling/limits.ts';
import {
  type Builder,
  buildOptions,
  isRequestOption,
  type OptionGroup,
  type OptionName,
  optionGroups,
  optionRow,
} from '../../shared/build-options.ts';
import type { Node } from '../../shared/node.ts';
import { allLimits, builderOf, type UnsupportedOption } from '../../shared/option-support.ts';
import { platformSchema } from '../../shared/platform.ts';
import { checkedAlone, checkedElsewhere, firstChecks, secondChecks, thirdChecks } from '../option-checks.ts';

const title = `# Options of a build

What the engines do with each option of a build. Made by \`npx vitest run --project rules -u\` from the table of options and from the checks of
\`e2e/option-checks.ts\`: where it says that an option works, a test has looked at the image, the build or the node. The numbers
are those of the sentences below each table, which a build ends with if no node can do what it asks for.
`;

interface Column {
  readonly title: string;
  readonly node: Node;
}

const node = (title: string, facts: Pick<Node, 'engine' | 'version'> & Partial<Node>): Column => ({
  title,
  node: {
    connection: 'NODE',
    apiVersion: '',
    hostname: '',
    platform: platformSchema.parse('linux/amd64'),
    emulated: [],
    latencyMs: 0,
    capabilities: { exportFormats: [] },
    ...facts,
  },
});

const columns: readonly Column[] = [
  node('podman 4.3', { engine: 'podman', version: '4.3.1' }),
  node('podman 5.4', { engine: 'podman', version: '5.4.2' }),
  node('podman 5.8', { engine: 'podman', version: '5.8.2' }),
  node('docker, classic builder', { engine: 'docker', builder: 'classic', version: '26.1.5' }),
  node('docker, BuildKit', { engine: 'docker', builder: 'buildkit', version: '26.1.5' }),
  node('BuildKit daemon', { engine: 'buildkit', version: '0.13.2' }),
];

const names = Object.keys(buildOptions) as OptionName[];

/** Every value of the option is refused. */
function limitOf(option: OptionName, { node }: Column): UnsupportedOption | undefined {
  return allLimits(node).find(
    (limit) => limit.option === option && (limit.value === undefined || optionRow(option).kind === 'switch'),
  );
}

const alone: Readonly<Partial<Record<OptionName, readonly Builder[]>>> = checkedAlone;

/** What is checked: the options by the builders whose checks there are. */
function checkedBuilders(option: OptionName): readonly Builder[] {
  const all: readonly Builder[] = ['podman', 'docker', 'classic', 'buildkit'];
  const found = [...firstChecks, ...secondChecks, ...thirdChecks].flatMap(({ options, builders = all }) =>
    options.includes(option) ? builders : [],
  );
  return [...found, ...(alone[option] ?? []), ...(checkedElsewhere[option] === undefined ? [] : all)];
}

test('every option that works is checked on every engine', () => {
  const unchecked = names.flatMap((option) =>
    columns
      .filter((column) => !limitOf(option, column) && !checkedBuilders(option).includes(builderOf(column.node)))
      .map((column) => `${option} on ${column.title}`),
  );
  expect(unchecked).toEqual([]);
});

test.each(Object.entries(checkedElsewhere))('%s is in %s', (option, spec) => {
  const text = readFileSync(join(import.meta.dirname, '..', spec), 'utf8');
  const { flag = '', choices = [] } = optionRow(option as OptionName);
  const flags = [flag, ...choices.map((choice) => choice.flag ?? '')].flatMap((each) => /--[a-z-]+/.exec(each) ?? []);
  expect((flags.length > 0 ? flags : [option]).some((each) => text.includes(each))).toBe(true);
});

test('docs/OPTIONS.md says what each engine does with each option', async () => {
  const text = title + (Object.keys(optionGroups) as OptionGroup[]).map(groupText).join('');
  await expect(text).toMatchFileSnapshot('../../docs/OPTIONS.md');
});

function groupText(group: OptionGroup): string {
  const sentences: string[] = [];
  const numberOf = (sentence: string): number => {
    if (!sentences.includes(sentence)) {
      sentences.push(sentence);
    }
    return sentences.indexOf(sentence) + 1;
  };
  const options = names.filter((name) => optionRow(name).group === group);
  const rows = options.map((name) => [flagText(name), ...columns.map((column) => cell(name, column, numberOf))]);
  const head = ['option', ...columns.map((column) => column.title)];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  const notes = sentences.map((sentence, index) => `${index + 1}. ${sentence}\n`);
  return `\n## ${optionGroups[group]}\n\n${lines.join('')}${notes.length > 0 ? `\n${notes.join('')}` : ''}`;
}

function cell(option: OptionName, column: Column, numberOf: (sentence: string) => number): string {
  const limits = allLimits(column.node).filter((limit) => limit.option === option);
  const limit = limitOf(option, column);
  if (limit && isRequestOption(option)) {
    return `no (${numberOf(sentence(column, limit))})`;
  }
  const partly = limits.map((each) => `not ${each.value} (${numberOf(sentence(column, each))})`);
  const refused = refusal(option, column);
  const all = [...partly, ...(refused === undefined ? [] : [`not all (${numberOf(refused)})`])];
  return all.length === 0 ? 'works' : `works, ${all.join(', ')}`;
}

/** A value that a request has, and no node of this kind can do. */
const samples: Readonly<Partial<Record<OptionName, unknown>>> = {
  cacheFrom: ['type=s3,region=eu,bucket=cache'],
  cacheTo: ['registry.example.com/team/cache', 'type=s3,region=eu,bucket=cache'],
};

function refusal(option: OptionName, { node }: Column): string | undefined {
  const problem = option in samples ? limitProblem(node, { [option]: samples[option] }) : undefined;
  return problem?.message;
}

function sentence({ node }: Column, { option, value }: UnsupportedOption): string {
  const { kind, choices = [] } = optionRow(option);
  const given = kind === 'choice' ? (value ?? choices.at(-1)?.value) : kind === 'switch' ? value !== 'false' : 'x';
  return limitProblem(node, { [option]: given })?.message ?? expect.fail(`${option} is not refused`);
}

function flagText(option: OptionName): string {
  const { flag, choices = [] } = optionRow(option);
  const flags = flag === undefined ? choices.flatMap((choice) => choice.flag ?? []) : [flag];
  return flags.length === 0 ? option : flags.map((each) => `\`${each.replaceAll('|', '\\|')}\``).join(', ');
}
