import { create } from 'zustand';
import type { Connection } from '../../shared/connection.ts';
import type { CallInput } from '../../shared/contract.ts';
import type { ImportReport } from '../../shared/discovery.ts';
import type { Farm } from '../../shared/farm.ts';
import { formatCount } from '../../shared/format.ts';
import { Failure, fail, type Problem, problemOf } from '../../shared/problem.ts';
import { call } from '../api.ts';
import { loadConnections, removeConnection, useConnections } from './connections.ts';
import { loadFarms, removeFarm, updateFarm, useFarms } from './farms.ts';
import { navigate } from './navigation.ts';
import { toast, toastProblem } from './toasts.ts';

/** What goes to others and comes from them: connections and farms as files, and imports of many at once. */

/** A file that a person gave us, or why it cannot be read. */
export type GivenFile =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly problem: Problem };

/** An import that was done, with all that taking it back needs. */
export interface DoneImport {
  readonly report: ImportReport;
  /** The connections that it added, as it added them. */
  readonly added: readonly Connection[];
  /** The farms that it made, as it made them. */
  readonly created: readonly Farm[];
  /** What each farm that was there before has got by it. */
  readonly joined: readonly Farm[];
  /** The default farm before it. */
  readonly defaultBefore: string | undefined;
}

/** The ways to new connections: by where one is, by what this computer knows, by what a file holds. */
export type AddingBy = 'address' | 'found' | 'file';

interface Exchange {
  /** The way that a person has chosen. */
  readonly addingBy: AddingBy | undefined;
  readonly file: GivenFile | undefined;
  readonly last: DoneImport | undefined;
}

export const useExchange = create<Exchange>(() => ({ addingBy: undefined, file: undefined, last: undefined }));

/** Shows a way to new connections. */
export function addBy(addingBy: AddingBy): void {
  useExchange.setState({ addingBy });
  navigate({ view: 'connections', adding: true });
}

/** The most that the app takes, in bytes. */
const mostBytes = 4 * 1024 * 1024;

/** Reads a file that was chosen or dropped, and shows what it holds where connections are added. */
export async function takeFile(file: File): Promise<void> {
  const { name } = file;
  try {
    if (file.size > mostBytes) {
      throw fail(
        'connection.file',
        `The file ${name} is larger than 4 MiB, which no list of connections is.`,
        'Choose a file that Barnraiser or podman has written.',
      );
    }
    useExchange.setState({ file: { name, text: await textOf(file) } });
  } catch (error) {
    useExchange.setState({ file: { name, problem: problemOf(error) } });
  }
  addBy('file');
}

async function textOf(file: File): Promise<string> {
  try {
    return await file.text();
  } catch (error) {
    // a folder looks like a file until it is read
    throw fail(
      'connection.file',
      `${file.name} cannot be read as a file.`,
      'Choose a file, not a folder, that you may read.',
      undefined,
      error,
    );
  }
}

/** Lets a person choose a file to import from. */
export function chooseFile(): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) {
      void takeFile(file);
    }
  });
  input.click();
}

/** Adds many connections and farms at once, and remembers how to take that back. @throws Failure */
export async function importConnections(input: CallInput<'connections.import'>): Promise<DoneImport> {
  const before = useFarms.getState();
  const report = await call('connections.import', input);
  await Promise.all([loadConnections(), loadFarms()]);
  const names = new Set(report.added.map(({ connection }) => connection));
  const now = useFarms.getState().farms;
  const joined = report.farmsChanged.map((name) => {
    const old = before.farms.find((farm) => farm.name === name)?.connections ?? [];
    const members = now.find((farm) => farm.name === name)?.connections ?? [];
    return { name, connections: members.filter((member) => !old.includes(member)) };
  });
  const done: DoneImport = {
    report,
    added: useConnections.getState().connections.filter(({ name }) => names.has(name)),
    created: now.filter(({ name }) => report.farmsCreated.includes(name)),
    joined,
    defaultBefore: before.default,
  };
  useExchange.setState({ last: done });
  return done;
}

/**
 * Takes an import back: what it added goes, and nothing else. What a person has changed or removed since stays as it is.
 * @throws Failure
 */
export async function undoImport({ added, created, joined, defaultBefore }: DoneImport): Promise<void> {
  for (const farm of joined) {
    const members = useFarms.getState().farms.find(({ name }) => name === farm.name)?.connections ?? [];
    const remove = farm.connections.filter((name) => members.includes(name));
    if (remove.length > 0) {
      await updateFarm({ name: farm.name, remove });
    }
  }
  for (const { name, connections } of created) {
    const now = useFarms.getState().farms.find((farm) => farm.name === name);
    if (now && isSameList(now.connections, connections)) {
      await unlessGone('farm.unknown', () => removeFarm(name));
    }
  }
  for (const { name, uri, identity } of added) {
    const now = useConnections.getState().connections.find((each) => each.name === name);
    if (now?.uri === uri && now.identity === identity) {
      await unlessGone('connection.unknown', () => removeConnection(name));
    }
  }
  const { farms, default: standard } = useFarms.getState();
  if (defaultBefore !== undefined && standard !== defaultBefore && farms.some(({ name }) => name === defaultBefore)) {
    await updateFarm({ name: defaultBefore, makeDefault: true });
  }
  useExchange.setState({ last: undefined });
}

function isSameList(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name));
}

async function unlessGone(code: Problem['code'], remove: () => Promise<void>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!(error instanceof Failure && error.problem.code === code)) {
      throw error;
    }
  }
}

/** What the file is called that is saved. */
export const exportName = 'barnraiser-connections.json';

/** Saves all connections and farms as a file that others can import. */
export function exportConnections(): void {
  call('connections.export', {}).then(({ text, connections, farms }) => {
    save(exportName, text);
    toast({
      kind: 'done',
      title: `Exported ${countWords(connections, farms)}`,
      description: `${exportName} holds no password, passphrase or key. Others import it where they add connections.`,
      timeoutMs: 12_000,
    });
  }, toastProblem);
}

/** `5 connections and 1 farm`; what there is none of is left out. */
export function countWords(connections: number, farms: number): string {
  const words = [
    ...(connections > 0 || farms === 0 ? [formatCount(connections, 'connection')] : []),
    ...(farms > 0 ? [formatCount(farms, 'farm')] : []),
  ];
  return words.join(' and ');
}

/** How long the browser may take to begin reading what it saves, in milliseconds; it has a copy of its own then. */
const readMs = 60_000;

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), readMs);
}
