/** A node of the lab that is reached over a slow line. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabNode } from '../lab/lab.ts';
import { type Line, startLineProxy } from './line-proxy.ts';

export interface NodeBehindLine {
  readonly node: LabNode;
  /** How many bytes have passed the line in both directions. */
  bytes(): number;
  close(): Promise<void>;
}

/** @param folder for its known_hosts file */
export async function nodeBehindLine(node: LabNode, line: Line, folder: string): Promise<NodeBehindLine> {
  const { port, bytes, close } = await startLineProxy(node.port, line);
  const knownHosts = join(folder, `known_hosts-${port}`);
  const known = await readFile(node.knownHosts, 'utf8');
  await writeFile(knownHosts, known.replaceAll(`]:${node.port} `, `]:${port} `));
  return { node: { ...node, port, knownHosts, uri: node.uri.replace(`:${node.port}/`, `:${port}/`) }, bytes, close };
}
