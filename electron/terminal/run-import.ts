import { readFile, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import writeFileAtomic from 'write-file-atomic';
import { closest } from '../../shared/closest.ts';
import type { CallInput, CallOutput } from '../../shared/contract.ts';
import type { Candidate, Discovery, FarmCandidate, ImportReport } from '../../shared/discovery.ts';
import { formatCount } from '../../shared/format.ts';
import { freeName } from '../../shared/free-name.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import type { Command } from './command.ts';
import { cleanLine } from './format.ts';
import { formatTable } from './table.ts';
import type { TerminalFrontEnd } from './terminal.ts';

type ImportCommand = Extract<Command, { kind: 'connection.import' }>;

/** What is to be imported of what was found. */
type Choice = Pick<Discovery, 'candidates' | 'farms'>;

/** Imports what was chosen. Where nothing was, and with `--dry-run`, shows what would be imported. Nothing is asked: the preview is the choice. */
export async function importConnections(door: TerminalFrontEnd, command: ImportCommand): Promise<number> {
  const discovery = await door.call('connections.discover', await whereToLook(door, command));
  const isChosen = command.all || command.names.length + command.farms.length > 0;
  const choice = isChosen ? choose(discovery, command) : discovery;
  if (!isChosen || command.dryRun) {
    const plan = await planOf(door, choice);
    door.answer({ ...choice, notes: discovery.notes }, () => previewLines(choice, plan));
    tellNotes(door, choice, discovery.notes);
    if (!isChosen && discovery.candidates.length + discovery.farms.length > 0) {
      tellHow(door, command);
    }
    return 0;
  }
  const report = await door.call('connections.import', {
    connections: choice.candidates.map(({ name, uri, identity }) => ({ name, uri, ...(identity ? { identity } : {}) })),
    farms: choice.farms.map(({ name, connections, isDefault }) => ({ name, connections, isDefault })),
  });
  door.answer(report, () => reportLines(report));
  // who named connections one by one knows what the preview says of the others
  tellNotes(door, choice, command.all || command.farms.length > 0 ? discovery.notes : []);
  return 0;
}

/** Prints all connections and farms as a file for others, or writes it. */
export async function exportConnections(
  door: TerminalFrontEnd,
  { file, force }: Extract<Command, { kind: 'connection.export' }>,
): Promise<number> {
  const { text, connections, farms } = await door.call('connections.export', {});
  if (file === undefined) {
    door.print(door.options.json ? JSON.stringify(JSON.parse(text)) : text.trimEnd());
    return 0;
  }
  await write(file, text, force);
  door.answer({ file, connections, farms }, () => [
    `Exported ${formatCount(connections, 'connection')} and ${formatCount(farms, 'farm')} to ${file}.`,
  ]);
  return 0;
}

async function write(file: string, text: string, force: boolean): Promise<void> {
  try {
    // the names of a person's machines are nobody else's business
    await (force ? writeFileAtomic(file, text, { mode: 0o600 }) : writeFile(file, text, { flag: 'wx', mode: 0o600 }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw fail('input.invalid', `${file} is there already.`, 'Name another file, or replace it with `--force`.');
    }
    throw fail('input.invalid', `${file} cannot be written: ${messageOf(error)}.`, 'Name another place.');
  }
}

async function whereToLook(
  door: TerminalFrontEnd,
  { file, sources }: ImportCommand,
): Promise<CallInput<'connections.discover'>> {
  if (file === undefined) {
    return sources.length > 0 ? { sources: [...sources] } : {};
  }
  if (file === '-') {
    return { file: { name: 'standard input', text: await readAll(door.options.input) } };
  }
  try {
    return { file: { name: file, text: await readFile(file, 'utf8') } };
  } catch (error) {
    throw fail('connection.file', `${file} cannot be read: ${messageOf(error)}.`, 'Name a file that is there.');
  }
}

async function readAll(input: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws Failure `connection.unknown`, `farm.unknown` for a name that was not found */
function choose(discovery: Discovery, { all, names, farms }: ImportCommand): Choice {
  if (all) {
    return discovery;
  }
  const unknown = names.find((name) => !discovery.candidates.some((candidate) => candidate.name === name));
  if (unknown !== undefined) {
    throw notFound('connection', unknown, discovery.candidates);
  }
  const unknownFarm = farms.find((name) => !discovery.farms.some((farm) => farm.name === name));
  if (unknownFarm !== undefined) {
    throw notFound('farm', unknownFarm, discovery.farms);
  }
  const chosenFarms = discovery.farms.filter(({ name }) => farms.includes(name));
  const wanted = new Set([...names, ...chosenFarms.flatMap(({ connections }) => connections)]);
  return { candidates: discovery.candidates.filter(({ name }) => wanted.has(name)), farms: chosenFarms };
}

function notFound(kind: 'connection' | 'farm', name: string, found: readonly { readonly name: string }[]): Failure {
  const names = found.map((other) => other.name);
  const meant = closest(name, names);
  const advice =
    names.length === 0 ? 'None were found.' : `There ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}.`;
  return fail(
    `${kind}.unknown`,
    `No ${kind} "${name}" was found.`,
    `${meant ? `Did you mean ${meant}? ` : ''}${advice}`,
  );
}

/** What an import would do: the name that each candidate would have here, and the farms that are here. */
interface Plan {
  readonly names: ReadonlyMap<string, string>;
  readonly farms: CallOutput<'farms.list'>;
}

async function planOf(door: TerminalFrontEnd, { candidates }: Choice): Promise<Plan> {
  const [connections, farms] = await Promise.all([door.call('connections.list', {}), door.call('farms.list', {})]);
  const taken = new Set(connections.map(({ name }) => name));
  const names = new Map<string, string>();
  for (const { name, connection } of candidates) {
    const here = connection ?? freeName(name, (other) => taken.has(other));
    taken.add(here);
    names.set(name, here);
  }
  return { names, farms };
}

function previewLines({ candidates, farms }: Choice, plan: Plan): string[] {
  if (candidates.length + farms.length === 0) {
    return ['Nothing was found to import.'];
  }
  const connectionLines = formatTable(
    [{ title: 'NAME' }, { title: 'URI' }, { title: 'FROM' }, { title: 'HERE' }],
    candidates.map((candidate) => [
      candidate.name,
      cleanLine(candidate.uri),
      candidate.source,
      connectionWords(candidate, plan),
    ]),
  );
  const farmLines = formatTable(
    [{ title: 'FARM' }, { title: 'CONNECTIONS' }, { title: 'FROM' }, { title: 'HERE' }],
    farms.map((farm) => [farm.name, farm.connections.join(', '), farm.source, farmWords(farm, plan)]),
  );
  return [...(candidates.length > 0 ? connectionLines : []), ...(farms.length > 0 ? ['', ...farmLines] : [])];
}

function connectionWords({ name, connection }: Candidate, { names }: Plan): string {
  const here = names.get(name);
  return `${connection === undefined ? 'new' : 'known'}${here === name ? '' : ` as ${here}`}`;
}

function farmWords({ farm, connections, isDefault }: FarmCandidate, plan: Plan): string {
  const standard = isDefault && plan.farms.default === undefined ? ', the default' : '';
  const before = plan.farms.farms.find(({ name }) => name === farm);
  if (!before) {
    return `new${standard}`;
  }
  const lacks = connections
    .flatMap((name) => plan.names.get(name) ?? [])
    .filter((name) => !before.connections.includes(name));
  return `${lacks.length === 0 ? 'known' : `gets ${lacks.join(', ')}`}${standard}`;
}

function reportLines({ added, known, farmsCreated, farmsChanged }: ImportReport): string[] {
  const renamed = ({ name, connection }: ImportReport['added'][number], word: string) =>
    name === connection ? '' : ` ${word} ${connection}`;
  const lines = [
    ...added.map((one) => `Added ${one.name}${renamed(one, 'as')}.`),
    ...known.map((one) => `${one.name} is known already${renamed(one, 'as')}.`),
    ...farmsCreated.map((farm) => `Created farm ${farm}.`),
    ...farmsChanged.map((farm) => `Changed farm ${farm}.`),
  ];
  return added.length + farmsCreated.length + farmsChanged.length === 0 ? [...lines, 'Nothing is new.'] : lines;
}

/** What a person should know, beside what was asked for. */
function tellNotes(door: TerminalFrontEnd, { candidates }: Choice, notes: Discovery['notes']): void {
  if (door.options.json) {
    return;
  }
  const lines = [
    ...candidates.flatMap((candidate) => candidate.notes.map((note) => `${candidate.name}: ${note}`)),
    ...notes.map(({ path, message }) => `${path}: ${message}`),
  ];
  door.options.errors.write(lines.map((line) => `note: ${cleanLine(line)}\n`).join(''));
}

function tellHow(door: TerminalFrontEnd, { file, sources }: ImportCommand): void {
  const where = [...sources.map((source) => ` --from ${source}`), ...(file ? [` --file ${file}`] : [])].join('');
  if (!door.options.json) {
    door.options.errors.write(
      `Import all of it with \`barnraiser connection import${where} --all\`, or name what you want: NAME, --farm FARM.\n`,
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
