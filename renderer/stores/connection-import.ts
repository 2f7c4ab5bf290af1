import { create } from 'zustand';
import { type Connection, leadsToSame } from '../../shared/connection.ts';
import type { CallInput } from '../../shared/contract.ts';
import type { ImportReport } from '../../shared/discovery.ts';
import type { Farm } from '../../shared/farm.ts';
import { formatCount } from '../../shared/format.ts';
import { Failure, fail, type Problem, problemOf } from '../../shared/problem.ts';
import { call } from '../api.ts';
import { loadConnections, removeConnection, useConnections } from './connections.ts';
import { loadFarms, removeFarm, updateFarm, useFarms } from './farms.ts';
import { navigate } from './navigation.ts';

/** A file that was chosen or dropped for import, or why it cannot be read. */
export type ImportFile =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly problem: Problem };

/** A finished import, with everything that undoing it needs. */
export interface CompletedImport {
  readonly report: ImportReport;
  /** The connections that it added, in the state in which it added them. */
  readonly added: readonly Connection[];
  /** The farms that it created, in the state in which it created them. */
  readonly created: readonly Farm[];
  /** The connections that it added to farms that existed before. */
  readonly joined: readonly Farm[];
  /** The default farm before the import. */
  readonly defaultBefore: string | undefined;
}

/** How connections are added: by address, from what was discovered on this computer, or from a file. */
export type AddMethod = 'address' | 'discovered' | 'file';

interface ConnectionImport {
  /** The selected method; undefined until one is selected. */
  readonly method: AddMethod | undefined;
  readonly file: ImportFile | undefined;
  readonly lastImport: CompletedImport | undefined;
}

export const useConnectionImport = create<ConnectionImport>(() => ({
  method: undefined,
  file: undefined,
  lastImport: undefined,
}));

/** Opens *Add connection* with this method selected. */
export function openAddConnections(method: AddMethod): void {
  useConnectionImport.setState({ method });
  navigate({ view: 'connections', adding: true });
}

/** The largest file that the app accepts. */
const maxBytes = 4 * 1024 * 1024;

/** Reads a file that was chosen or dropped, and shows its content in *Add connection*. */
export async function openImportFile(file: File): Promise<void> {
  const { name } = file;
  try {
    if (file.size > maxBytes) {
      throw fail(
        'connection.file',
        `The file ${name} is larger than 4 MiB.`,
        'Choose a file that was exported by Barnraiser or written by podman.',
      );
    }
    useConnectionImport.setState({ file: { name, text: await readText(file) } });
  } catch (error) {
    useConnectionImport.setState({ file: { name, problem: problemOf(error) } });
  }
  openAddConnections('file');
}

async function readText(file: File): Promise<string> {
  try {
    return await file.text();
  } catch (error) {
    // a dropped folder looks like a file until it is read
    throw fail(
      'connection.file',
      `${file.name} cannot be read.`,
      'Choose a file that you have permission to read, not a folder.',
      undefined,
      error,
    );
  }
}

/** Opens the file dialog of the browser to choose a file to import. */
export function chooseImportFile(): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) {
      void openImportFile(file);
    }
  });
  input.click();
}

/** Imports connections and farms, and stores what undoing it needs. @throws Failure */
export async function importConnections(input: CallInput<'connections.import'>): Promise<CompletedImport> {
  const before = useFarms.getState();
  const report = await call('connections.import', input);
  await Promise.all([loadConnections(), loadFarms()]);
  const names = new Set(report.added.map(({ connection }) => connection));
  const farms = useFarms.getState().farms;
  const joined = report.farmsChanged.map((name) => {
    const old = before.farms.find((farm) => farm.name === name)?.connections ?? [];
    const members = farms.find((farm) => farm.name === name)?.connections ?? [];
    return { name, connections: members.filter((member) => !old.includes(member)) };
  });
  const done: CompletedImport = {
    report,
    added: useConnections.getState().connections.filter(({ name }) => names.has(name)),
    created: farms.filter(({ name }) => report.farmsCreated.includes(name)),
    joined,
    defaultBefore: before.default,
  };
  useConnectionImport.setState({ lastImport: done });
  return done;
}

/**
 * Undoes an import: removes what it added, except for what has been changed since.
 * @throws Failure
 */
export async function undoImport({ added, created, joined, defaultBefore }: CompletedImport): Promise<void> {
  for (const farm of joined) {
    const members = useFarms.getState().farms.find(({ name }) => name === farm.name)?.connections ?? [];
    const remove = farm.connections.filter((name) => members.includes(name));
    if (remove.length > 0) {
      await updateFarm({ name: farm.name, remove });
    }
  }
  for (const { name, connections } of created) {
    const current = useFarms.getState().farms.find((farm) => farm.name === name);
    if (current && haveSameEntries(current.connections, connections)) {
      await ignoreProblem('farm.unknown', () => removeFarm(name));
    }
  }
  for (const connection of added) {
    const { name } = connection;
    const current = useConnections.getState().connections.find((other) => other.name === name);
    if (current && leadsToSame(current, connection)) {
      await ignoreProblem('connection.unknown', () => removeConnection(name));
    }
  }
  const { farms, default: defaultFarm } = useFarms.getState();
  if (
    defaultBefore !== undefined &&
    defaultFarm !== defaultBefore &&
    farms.some(({ name }) => name === defaultBefore)
  ) {
    await updateFarm({ name: defaultBefore, makeDefault: true });
  }
  useConnectionImport.setState({ lastImport: undefined });
}

function haveSameEntries(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/** Ignores a failure with this code: someone else has removed it already. */
async function ignoreProblem(code: Problem['code'], remove: () => Promise<void>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!(error instanceof Failure && error.problem.code === code)) {
      throw error;
    }
  }
}

/** `5 connections and 1 farm`. A count of zero is omitted, except for `0 connections` if both are zero. */
export function formatConnectionsAndFarms(connections: number, farms: number): string {
  const words = [
    ...(connections > 0 || farms === 0 ? [formatCount(connections, 'connection')] : []),
    ...(farms > 0 ? [formatCount(farms, 'farm')] : []),
  ];
  return words.join(' and ');
}
