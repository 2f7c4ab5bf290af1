import { fail } from '../../../shared/problem.ts';
import { isContainersConf, readContainersConf } from './containers-conf.ts';
import { isExportFile, readExportFile } from './export-file.ts';
import { parseJson, parseToml } from './foreign-content.ts';
import { stripByteOrderMark } from './foreign-file.ts';
import type { ImportSource } from './import-source.ts';
import { isPodmanConnections, readPodmanConnections } from './podman-connections.ts';

const supportedFiles = "Barnraiser reads its own exports, and podman's podman-connections.json and containers.conf.";

/**
 * Reads a file that a person chose. The kind of file is detected from its content, not from its name.
 * @throws Failure `connection.file`, which says what is wrong and which files can be read
 */
export function readImportFile({ name, text }: { readonly name: string; readonly text: string }): ImportSource {
  const content = stripByteOrderMark(text);
  // all supported JSON files contain an object, and no TOML file starts with a brace
  const isJson = content.trimStart().startsWith('{');
  const parsed = isJson ? parseJson(content) : parseToml(content);
  if ('error' in parsed) {
    throw fail('connection.file', `Could not read ${name}. ${parsed.error}`, supportedFiles);
  }
  if (isJson && isExportFile(parsed.content)) {
    return readExportFile(parsed.content, name);
  }
  if (isJson && isPodmanConnections(parsed.content)) {
    return readPodmanConnections(parsed.content, name, 'file');
  }
  if (!isJson && isContainersConf(parsed.content)) {
    return readContainersConf(parsed.content, name, 'file');
  }
  throw fail('connection.file', `${name} contains no connections or farms.`, supportedFiles);
}
