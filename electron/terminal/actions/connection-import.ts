import { closest } from '../../../shared/closest.ts';
import { optionsOf } from '../../../shared/connection.ts';
import type { CallInput, CallOutput } from '../../../shared/contract.ts';
import type { Candidate, Discovery, FarmCandidate, ImportReport } from '../../../shared/discovery.ts';
import { freeName } from '../../../shared/free-name.ts';
import { type Failure, fail } from '../../../shared/problem.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { cleanLine } from '../output/text.ts';
import { readTextInput } from '../text-input.ts';

type ImportCommand = Extract<Command, { kind: 'connection.import' }>;

/** The connections and farms to import. */
type Selection = Pick<Discovery, 'candidates' | 'farms'>;

/** Imports the named connections and farms. Shows a preview instead if none are named, or with `--dry-run`. */
export async function importConnections(frontEnd: TerminalFrontEnd, command: ImportCommand): Promise<number> {
  const discovery = await frontEnd.call('connections.discover', await discoveryRequest(frontEnd, command));
  const hasSelection = command.all || command.names.length + command.farms.length > 0;
  const selection = hasSelection ? select(discovery, command) : discovery;
  if (!hasSelection || command.dryRun) {
    const preview = await previewImport(frontEnd, selection);
    frontEnd.printResult({ ...selection, notes: discovery.notes }, () => previewLines(selection, preview));
    printNotes(frontEnd, selection, discovery.notes);
    if (!hasSelection && discovery.candidates.length + discovery.farms.length > 0) {
      printHint(frontEnd, command);
    }
    return 0;
  }
  const report = await frontEnd.call('connections.import', {
    connections: selection.candidates.map((candidate) => ({
      name: candidate.name,
      uri: candidate.uri,
      ...optionsOf(candidate),
    })),
    farms: selection.farms.map(({ name, connections, isDefault }) => ({ name, connections, isDefault })),
  });
  frontEnd.printResult(report, () => reportLines(report));
  // with single connections named, notes about other engines would only distract
  printNotes(frontEnd, selection, command.all || command.farms.length > 0 ? discovery.notes : []);
  return 0;
}

async function discoveryRequest(
  frontEnd: TerminalFrontEnd,
  { file, sources }: ImportCommand,
): Promise<CallInput<'connections.discover'>> {
  if (file === undefined) {
    return sources.length > 0 ? { sources: [...sources] } : {};
  }
  const text = await readTextInput(frontEnd, {
    from: file,
    maxBytes: 4 * 1024 * 1024,
    failure: (detail = 'It is larger than 4 MiB.') =>
      fail('connection.file', `Could not read ${file}.`, 'Check the path of the file.', detail),
  });
  return { file: { name: file === '-' ? 'standard input' : file, text } };
}

/** The named connections, and the named farms with their connections. @throws Failure `connection.unknown`, `farm.unknown` */
function select(discovery: Discovery, { all, names, farms }: ImportCommand): Selection {
  if (all) {
    return discovery;
  }
  const unknownName = names.find((name) => !discovery.candidates.some((candidate) => candidate.name === name));
  if (unknownName !== undefined) {
    throw notFound('connection', unknownName, discovery.candidates);
  }
  const unknownFarm = farms.find((name) => !discovery.farms.some((farm) => farm.name === name));
  if (unknownFarm !== undefined) {
    throw notFound('farm', unknownFarm, discovery.farms);
  }
  const selectedFarms = discovery.farms.filter(({ name }) => farms.includes(name));
  const selectedNames = new Set([...names, ...selectedFarms.flatMap(({ connections }) => connections)]);
  return { candidates: discovery.candidates.filter(({ name }) => selectedNames.has(name)), farms: selectedFarms };
}

function notFound(
  kind: 'connection' | 'farm',
  name: string,
  discovered: readonly { readonly name: string }[],
): Failure {
  const names = discovered.map((other) => other.name);
  const nearest = closest(name, names);
  const list = names.length === 0 ? `There are no ${kind}s to import.` : `Available: ${names.join(', ')}.`;
  return fail(
    `${kind}.unknown`,
    `No ${kind} "${name}" was found.`,
    `${nearest ? `Did you mean ${nearest}? ` : ''}${list}`,
  );
}

interface ImportPreview {
  /** The name that each candidate would have as a connection, by its discovered name. */
  readonly names: ReadonlyMap<string, string>;
  /** The existing farms. */
  readonly farms: CallOutput<'farms.list'>;
}

async function previewImport(frontEnd: TerminalFrontEnd, { candidates }: Selection): Promise<ImportPreview> {
  const [connections, farms] = await Promise.all([
    frontEnd.call('connections.list', {}),
    frontEnd.call('farms.list', {}),
  ]);
  const usedNames = new Set(connections.map(({ name }) => name));
  const names = new Map<string, string>();
  for (const { name, connection } of candidates) {
    const newName = connection ?? freeName(name, (other) => usedNames.has(other));
    usedNames.add(newName);
    names.set(name, newName);
  }
  return { names, farms };
}

function previewLines({ candidates, farms }: Selection, preview: ImportPreview): string[] {
  if (candidates.length + farms.length === 0) {
    return ['No connections or farms to import.'];
  }
  const connectionLines = formatTable(
    [{ title: 'NAME' }, { title: 'URI' }, { title: 'FROM' }, { title: 'STATUS' }],
    candidates.map((candidate) => [
      candidate.name,
      cleanLine(candidate.uri),
      candidate.source,
      connectionStatus(candidate, preview),
    ]),
  );
  const farmLines = formatTable(
    [{ title: 'FARM' }, { title: 'CONNECTIONS' }, { title: 'FROM' }, { title: 'STATUS' }],
    farms.map((farm) => [farm.name, farm.connections.join(', '), farm.source, farmStatus(farm, preview)]),
  );
  return [...(candidates.length > 0 ? connectionLines : []), ...(farms.length > 0 ? ['', ...farmLines] : [])];
}

function connectionStatus({ name, connection }: Candidate, { names }: ImportPreview): string {
  const newName = names.get(name);
  return `${connection === undefined ? wordOf('new') : 'already added'}${newName === name ? '' : ` as ${newName}`}`;
}

function farmStatus({ farm, connections, isDefault }: FarmCandidate, preview: ImportPreview): string {
  const becomesDefault = isDefault && preview.farms.default === undefined ? ', the default' : '';
  const existing = preview.farms.farms.find(({ name }) => name === farm);
  if (!existing) {
    return `new${becomesDefault}`;
  }
  const missing = connections
    .flatMap((name) => preview.names.get(name) ?? [])
    .filter((name) => !existing.connections.includes(name));
  return `${missing.length === 0 ? 'already added' : `adds ${missing.join(', ')}`}${becomesDefault}`;
}

function reportLines({ added, known, farmsCreated, farmsChanged }: ImportReport): string[] {
  const newName = ({ name, connection }: ImportReport['added'][number]): string =>
    name === connection ? '' : ` as ${connection}`;
  const lines = [
    ...added.map((one) => `Added ${one.name}${newName(one)}.`),
    ...known.map((one) => `${one.name} is already added${newName(one)}.`),
    ...farmsCreated.map((farm) => `Created farm ${farm}.`),
    ...farmsChanged.map((farm) => `Updated farm ${farm}.`),
  ];
  return added.length + farmsCreated.length + farmsChanged.length === 0 ? [...lines, 'Nothing new to import.'] : lines;
}

/** Prints notes about the discovered connections and files to standard error. */
function printNotes(frontEnd: TerminalFrontEnd, { candidates }: Selection, notes: Discovery['notes']): void {
  const lines = [
    ...candidates.flatMap((candidate) => candidate.notes.map((note) => `${candidate.name}: ${note}`)),
    ...notes.map(({ path, message }) => `${path}: ${message}`),
  ];
  frontEnd.printNotes(...lines.map((line) => `note: ${cleanLine(line)}`));
}

/** Prints how to import what the preview shows. */
function printHint(frontEnd: TerminalFrontEnd, { file, sources }: ImportCommand): void {
  const from = [...sources.map((source) => ` --from ${source}`), ...(file ? [` --file ${file}`] : [])].join('');
  frontEnd.printNotes(
    `To import everything, use \`barnraiser connection import${from} --all\`. To import a selection, add names or --farm FARM.`,
  );
}
