import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SystemPaths } from '../../system/system-paths.ts';
import { field, isText, quote } from './entries.ts';
import { type Found, type FoundEngine, type Note, nothing } from './found.ts';
import { parseJson } from './json.ts';
import { readText } from './read-text.ts';

/** Who has more contexts than this has something else in that folder. */
const maxContexts = 1000;

/** The contexts of docker, one folder each, named by the digest of the context's name. Source: docker/cli, cli/context/store. */
export async function findDockerContexts({ env, home }: SystemPaths): Promise<Found> {
  const folder = join(env.DOCKER_CONFIG || join(home, '.docker'), 'contexts', 'meta');
  let names: string[];
  try {
    names = (await readdir(folder)).sort();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? nothing('docker')
      : nothing('docker', [{ path: folder, message: `The folder cannot be read (${code}).` }]);
  }
  const engines: FoundEngine[] = [];
  const notes: Note[] = [];
  for (const name of names.slice(0, maxContexts)) {
    const path = join(folder, name, 'meta.json');
    const reading = await readText(path);
    if ('unreadable' in reading) {
      notes.push({ path, message: reading.unreadable });
    } else if ('text' in reading) {
      const found = readDockerContext(reading.text, path);
      engines.push(...found.engines);
      notes.push(...found.notes);
    }
  }
  if (names.length > maxContexts) {
    notes.push({ path: folder, message: `It holds more than ${maxContexts} contexts; the others are left out.` });
  }
  // digests have no order that anybody knows
  engines.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  return { source: 'docker', engines, farms: [], notes };
}

/** @param text of one context's meta.json */
export function readDockerContext(text: string, path: string): Found {
  const json = parseJson(text);
  if ('broken' in json) {
    return nothing('docker', [{ path, message: json.broken }]);
  }
  const name = field(json.content, 'Name');
  const uri = field(field(field(json.content, 'Endpoints'), 'docker'), 'Host');
  if (!isText(name) || name === '') {
    return nothing('docker', [{ path, message: 'It is no context of docker: it has no name.' }]);
  }
  if (!isText(uri) || uri === '') {
    return nothing('docker', [{ path, message: `Context ${quote(name)} names no docker engine.` }]);
  }
  return { source: 'docker', engines: [{ name, uri, path }], farms: [], notes: [] };
}
