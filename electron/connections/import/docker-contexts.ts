import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, isMissingPath } from '../../system/file-errors.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { field, isText, parseJson, quoteForMessage } from './foreign-content.ts';
import { readText } from './foreign-file.ts';
import { type DiscoveredEngine, emptySource, type ImportNote, type ImportSource } from './import-source.ts';

/** Limits the work for a folder that contains something else than contexts. */
const maxContexts = 1000;

/**
 * The contexts of docker. Each has a folder that is named by the digest of the context's name. Source: docker/cli,
 * cli/context/store.
 */
export async function findDockerContexts({ env, home }: SystemPaths): Promise<ImportSource> {
  const folder = join(env.DOCKER_CONFIG || join(home, '.docker'), 'contexts', 'meta');
  let names: string[];
  try {
    names = (await readdir(folder)).sort();
  } catch (error) {
    return isMissingPath(error)
      ? emptySource('docker')
      : emptySource('docker', [{ path: folder, message: `The folder could not be read (${errnoCode(error)}).` }]);
  }
  const engines: DiscoveredEngine[] = [];
  const notes: ImportNote[] = [];
  for (const name of names.slice(0, maxContexts)) {
    const path = join(folder, name, 'meta.json');
    const result = await readText(path);
    if ('unreadable' in result) {
      notes.push({ path, message: result.unreadable });
    } else if ('text' in result) {
      const context = parseDockerContext(result.text, path);
      engines.push(...context.engines);
      notes.push(...context.notes);
    }
  }
  if (names.length > maxContexts) {
    notes.push({ path: folder, message: `It has more than ${maxContexts} contexts; the rest are left out.` });
  }
  // the order of the folders is that of digests, which means nothing to a person
  engines.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  return { source: 'docker', engines, farms: [], notes };
}

/** @param text of the meta.json of a context */
export function parseDockerContext(text: string, path: string): ImportSource {
  const json = parseJson(text);
  if ('error' in json) {
    return emptySource('docker', [{ path, message: json.error }]);
  }
  const name = field(json.content, 'Name');
  const uri = field(field(field(json.content, 'Endpoints'), 'docker'), 'Host');
  if (!isText(name) || name === '') {
    return emptySource('docker', [{ path, message: 'It is not a docker context: it has no name.' }]);
  }
  if (!isText(uri) || uri === '') {
    return emptySource('docker', [{ path, message: `Context ${quoteForMessage(name)} has no docker endpoint.` }]);
  }
  return { source: 'docker', engines: [{ name, uri, path }], farms: [], notes: [] };
}
