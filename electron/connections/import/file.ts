import { fail } from '../../../shared/problem.ts';
import { isContainersConf, parseToml, readContainersConf } from './containers-conf.ts';
import type { Found } from './found.ts';
import { parseJson } from './json.ts';
import { isOwnFile, readOwnFile } from './own-file.ts';
import { isPodmanConnections, readPodmanConnections } from './podman-json.ts';
import { withoutMark } from './read-text.ts';

const readable =
  'Barnraiser reads what `barnraiser connection export` writes, podman-connections.json and containers.conf of podman.';

/**
 * What a file that a person gave us holds, told by what stands in it and not by its name.
 * @throws Failure `connection.file`, which says what is wrong with it and what can be read
 */
export function readGivenFile({ name, text }: { readonly name: string; readonly text: string }): Found {
  const content = withoutMark(text);
  // no TOML begins so, and nothing that we read is another kind of JSON
  const isJson = content.trimStart().startsWith('{');
  const parsed = isJson ? parseJson(content) : parseToml(content);
  if ('broken' in parsed) {
    throw fail('connection.file', `${name} cannot be read. ${parsed.broken}`, readable);
  }
  if (isJson && isOwnFile(parsed.content)) {
    return readOwnFile(parsed.content, name);
  }
  if (isJson && isPodmanConnections(parsed.content)) {
    return readPodmanConnections(parsed.content, name, 'file');
  }
  if (!isJson && isContainersConf(parsed.content)) {
    return readContainersConf(parsed.content, name, 'file');
  }
  throw fail('connection.file', `${name} holds no connections and no farms.`, readable);
}
