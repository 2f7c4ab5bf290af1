import { relative, sep } from 'node:path';
import { z } from 'zod';
import { type Connection, type ConnectionOptions, optionsOf, parseDestination } from '../../../shared/connection.ts';
import type { Farm } from '../../../shared/farm.ts';
import { parsePlatform } from '../../../shared/platform.ts';
import { fail } from '../../../shared/problem.ts';
import { homeFolder } from '../../system/local-user.ts';
import { entriesOf, field, isText, quoteForMessage, textField } from './foreign-content.ts';
import type { DiscoveredEngine, DiscoveredFarm, ImportNote, ImportSource } from './import-source.ts';

/**
 * The format in which connections and farms are exported. JSON, in UTF-8:
 *
 *     {
 *       "barnraiser": 1,
 *       "connections": [{ "name": "pi4", "uri": "ssh://pi@pi4.lan", "identity": "~/.ssh/pi" }],
 *       "farms": [{ "name": "pis", "connections": ["pi4"], "default": true }]
 *     }
 *
 * - `barnraiser` is the version of the format. A reader refuses a newer version and ignores unknown fields.
 * - `connections`: `uri` is as in `barnraiser connection add`, never with a password. `identity` is the path of a
 *   private key, never the key itself; it is missing if the agent or a default key is used. A path below the home
 *   folder starts with `~/` and uses slashes on every system, so it also works in the home folder of another person.
 *   `tlsCa`, `tlsCert` and `tlsKey` are paths in the same manner, `tlsServerName` is a name, `allowUnencrypted` is true or
 *   missing, and `platforms` is a list such as `["linux/arm64"]`. All are missing if the connection does not have them.
 * - `farms`: `connections` are names in this file. At most one farm has `default`: it builds if no farm is named.
 *
 * Connections and farms are in the order in which they were created.
 */
const formatVersion = 1;

/** @throws Failure `connection.uri` for a connection whose URI is not valid, such as one with a password */
export function writeExportFile(
  connections: readonly Connection[],
  farms: { readonly farms: readonly Farm[]; readonly default?: string },
  home: string = homeFolder(),
): string {
  const content = {
    barnraiser: formatVersion,
    connections: connections.map((connection) => {
      const { name, uri } = connection;
      if (typeof parseDestination(uri) === 'string') {
        throw fail(
          'connection.uri',
          `Connection ${name} has a URI that is not valid.`,
          'Remove this connection, then export again.',
        );
      }
      const options = optionsOf(connection);
      const files = fileOptions.flatMap((option) => {
        const path = options[option];
        return path === undefined ? [] : [[option, relativeToHome(path, home)]];
      });
      return { name, uri, ...options, ...Object.fromEntries(files) };
    }),
    farms: farms.farms.map(({ name, connections: members }) => ({
      name,
      connections: members,
      ...(name === farms.default ? { default: true } : {}),
    })),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** The options that are paths of this computer. */
const fileOptions = ['identity', 'tlsCa', 'tlsCert', 'tlsKey'] as const;

function relativeToHome(path: string, home: string): string {
  const relativePath = path.startsWith(home) ? relative(home, path) : '';
  return relativePath === '' || relativePath.startsWith('..') ? path : `~/${relativePath.split(sep).join('/')}`;
}

export function isExportFile(content: unknown): boolean {
  return entriesOf(content).some(([key]) => key === 'barnraiser');
}

const versionSchema = z.number().int().min(1);

/** @throws Failure `connection.file` if the version is missing or newer than {@link formatVersion} */
export function readExportFile(content: unknown, path: string): ImportSource {
  const version = versionSchema.safeParse(field(content, 'barnraiser'));
  if (!version.success) {
    throw fail(
      'connection.file',
      `${path} has no valid version of the export format.`,
      'Export the connections again.',
    );
  }
  if (version.data > formatVersion) {
    throw fail(
      'connection.file',
      `${path} has version ${version.data} of the export format, from a newer Barnraiser. This Barnraiser reads up to version ${formatVersion}.`,
      'Update Barnraiser.',
    );
  }
  const notes: ImportNote[] = [];
  const engines = listOf(content, 'connections', path, notes).flatMap((entry, index): DiscoveredEngine[] => {
    const [name, uri] = ['name', 'uri'].map((key) => field(entry, key));
    if (!isText(name) || !isText(uri)) {
      const message = `Connection ${entryLabel(name, index)} has no ${isText(name) ? 'URI' : 'name'}.`;
      notes.push({ path, message });
      return [];
    }
    return [{ name, uri, path, ...readOptions(entry) }];
  });
  let defaultFarm: string | undefined;
  const farms = listOf(content, 'farms', path, notes).flatMap((entry, index): DiscoveredFarm[] => {
    const [name, members] = ['name', 'connections'].map((key) => field(entry, key));
    if (!isText(name) || !Array.isArray(members) || !members.every(isText)) {
      notes.push({ path, message: `Farm ${entryLabel(name, index)} has no ${isText(name) ? 'connections' : 'name'}.` });
      return [];
    }
    if (field(entry, 'default') === true) {
      defaultFarm ??= name;
    }
    return [{ name, members, path }];
  });
  return { source: 'file', engines, farms, notes, ...(defaultFarm === undefined ? {} : { defaultFarm }) };
}

/** The options of an entry; one that is not valid is left out. */
function readOptions(entry: unknown): ConnectionOptions {
  const texts = [...fileOptions, 'tlsServerName'].map((option) => [option, textField(entry, option)]);
  const names = field(entry, 'platforms');
  const platforms = (Array.isArray(names) ? names : []).slice(0, maxPlatforms).filter(isText);
  return optionsOf({
    ...Object.fromEntries(texts),
    allowUnencrypted: field(entry, 'allowUnencrypted') === true,
    platforms: platforms.flatMap((name) => parsePlatform(name) ?? []),
  });
}

const maxPlatforms = 100;

/** The name of an entry in quotes, or its number, counted from 1, if it has no name. */
function entryLabel(name: unknown, index: number): string {
  return isText(name) ? quoteForMessage(name) : String(index + 1);
}

function listOf(content: unknown, key: string, path: string, notes: ImportNote[]): readonly unknown[] {
  const list = field(content, key);
  if (list === undefined || Array.isArray(list)) {
    return list ?? [];
  }
  notes.push({ path, message: `"${key}" is not a list.` });
  return [];
}
