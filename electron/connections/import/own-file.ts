import { homedir } from 'node:os';
import { relative, sep } from 'node:path';
import { z } from 'zod';
import { type Connection, parseDestination } from '../../../shared/connection.ts';
import type { Farm } from '../../../shared/farm.ts';
import { fail } from '../../../shared/problem.ts';
import { entriesOf, field, isText, quote } from './entries.ts';
import type { Found, FoundEngine, FoundFarm, Note } from './found.ts';

/**
 * The file in which Barnraiser gives its connections and farms to others. JSON, in UTF-8:
 *
 *     {
 *       "barnraiser": 1,
 *       "connections": [{ "name": "pi4", "uri": "ssh://pi@pi4.lan", "identity": "~/.ssh/pi" }],
 *       "farms": [{ "name": "pis", "connections": ["pi4"], "default": true }]
 *     }
 *
 * - `barnraiser` is the version of the format. A reader refuses a newer one, and ignores fields that it does not know.
 * - `connections`: `uri` as in `barnraiser connection add`, never with a password. `identity` is missing where the agent or a default
 *   key signs in; it names a private key and never holds one. Below the home folder it begins with `~/`, with slashes on
 *   every system, so that it fits the home of whoever imports it.
 * - `farms`: `connections` are names of this file. `default` is there for at most one farm: the one that builds when none is named.
 *
 * The order is the one in which a person made them.
 */
const formatVersion = 1;

/** @throws Failure `connection.uri` for a connection that could not be given away, such as one with a password */
export function writeOwnFile(
  connections: readonly Connection[],
  farms: { readonly farms: readonly Farm[]; readonly default?: string },
  home: string = homedir(),
): string {
  const content = {
    barnraiser: formatVersion,
    connections: connections.map(({ name, uri, identity }) => {
      if (typeof parseDestination(uri) === 'string') {
        throw fail(
          'connection.uri',
          `Connection ${name} has a URI that leads nowhere.`,
          `Remove it with \`barnraiser connection remove ${name}\` and export again.`,
        );
      }
      return { name, uri, ...(identity ? { identity: underHome(identity, home) } : {}) };
    }),
    farms: farms.farms.map(({ name, connections: members }) => ({
      name,
      connections: members,
      ...(name === farms.default ? { default: true } : {}),
    })),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function underHome(path: string, home: string): string {
  const below = path.startsWith(home) ? relative(home, path) : '';
  return below === '' || below.startsWith('..') ? path : `~/${below.split(sep).join('/')}`;
}

export function isOwnFile(content: unknown): boolean {
  return entriesOf(content).some(([key]) => key === 'barnraiser');
}

const versionSchema = z.number().int().min(1);

/** @throws Failure `connection.file` where the format is none that this Barnraiser knows */
export function readOwnFile(content: unknown, path: string): Found {
  const version = versionSchema.safeParse(field(content, 'barnraiser'));
  if (!version.success) {
    throw fail(
      'connection.file',
      `${path} does not say which version of Barnraiser's format it has.`,
      'Export it again with `barnraiser connection export`.',
    );
  }
  if (version.data > formatVersion) {
    throw fail(
      'connection.file',
      `${path} is of version ${version.data} of Barnraiser's format, written by a newer Barnraiser; this one reads up to version ${formatVersion}.`,
      'Use the newer Barnraiser.',
    );
  }
  const notes: Note[] = [];
  const engines = listOf(content, 'connections', path, notes).flatMap((entry, index): FoundEngine[] => {
    const [name, uri, identity] = ['name', 'uri', 'identity'].map((key) => field(entry, key));
    if (!isText(name) || !isText(uri)) {
      notes.push({ path, message: `Connection ${place(name, index)} has no ${isText(name) ? 'URI' : 'name'}.` });
      return [];
    }
    return [{ name, uri, path, ...(isText(identity) && identity !== '' ? { identity } : {}) }];
  });
  let defaultFarm: string | undefined;
  const farms = listOf(content, 'farms', path, notes).flatMap((entry, index): FoundFarm[] => {
    const [name, members] = ['name', 'connections'].map((key) => field(entry, key));
    if (!isText(name) || !Array.isArray(members) || !members.every(isText)) {
      notes.push({ path, message: `Farm ${place(name, index)} has no ${isText(name) ? 'connections' : 'name'}.` });
      return [];
    }
    if (field(entry, 'default') === true) {
      defaultFarm ??= name;
    }
    return [{ name, members, path }];
  });
  return { source: 'file', engines, farms, notes, ...(defaultFarm === undefined ? {} : { defaultFarm }) };
}

/** What an entry is called in a sentence; where it has no name, by its number, counted from 1. */
function place(name: unknown, index: number): string {
  return isText(name) ? quote(name) : String(index + 1);
}

function listOf(content: unknown, key: string, path: string, notes: Note[]): readonly unknown[] {
  const list = field(content, key);
  if (list === undefined || Array.isArray(list)) {
    return list ?? [];
  }
  notes.push({ path, message: `"${key}" is no list.` });
  return [];
}
