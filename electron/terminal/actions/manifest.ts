import type { RawEntry, RawList } from '../../../shared/list-edit.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { readCredentials } from './push.ts';

/** Prints the entries of a list, or the manifest itself. */
export async function inspectManifest(
  frontEnd: TerminalFrontEnd,
  { request, raw, credentials: given }: Extract<Command, { kind: 'manifest.inspect' }>,
): Promise<number> {
  const credentials = await readCredentials(frontEnd, given);
  const list = await frontEnd.showWait('Reading the list', frontEnd.call('lists.inspect', { ...request, credentials }));
  if (raw) {
    frontEnd.print(JSON.stringify(list.manifest, undefined, frontEnd.options.json ? 0 : 2));
  } else {
    frontEnd.printResult(list, () => listLines(list));
  }
  return 0;
}

/** Changes a list and prints what it is then. */
export async function editManifest(
  frontEnd: TerminalFrontEnd,
  { request, credentials: given }: Extract<Command, { kind: 'manifest.edit' }>,
): Promise<number> {
  const credentials = await readCredentials(frontEnd, given);
  const edited = await frontEnd.showWait('Changing the list', frontEnd.call('lists.edit', { ...request, credentials }));
  frontEnd.printResult(edited, () => listLines(edited.list));
  if (edited.hasRaced) {
    frontEnd.printNotes('Somebody else changed the list meanwhile. What they changed is kept.');
  }
  if (edited.before === edited.list.digest) {
    frontEnd.printNotes('The list was like this already.');
  }
  return 0;
}

function listLines(list: RawList): string[] {
  const annotations = annotationLines(list.annotations);
  return [
    list.image,
    `Digest: ${list.digest}`,
    `Type: ${list.mediaType}`,
    ...(annotations.length > 0 ? ['Annotations:', ...annotations] : []),
    '',
    ...(list.entries.length === 0
      ? ['It is a single image, not a list.']
      : formatTable([{ title: 'PLATFORM' }, { title: 'DIGEST' }, { title: 'REMARKS' }], list.entries.map(entryRow))),
  ];
}

function entryRow(entry: RawEntry): string[] {
  const { platform = '', digest, osVersion, osFeatures = [], annotations = {}, describes } = entry;
  const others = Object.entries(annotations).filter(([key]) => !key.startsWith('vnd.docker.reference.'));
  const remarks = [
    ...(describes ? [`describes ${describes.slice(0, 19)}`] : []),
    ...(osVersion ? [`os ${osVersion}`] : []),
    ...(osFeatures.length > 0 ? [`features ${osFeatures.join(', ')}`] : []),
    ...others.map(([key, value]) => `${key}=${value}`),
  ];
  return [describes ? wordOf('attachment') : platform, digest, remarks.join(', ')];
}

function annotationLines(annotations: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(annotations).map(([key, value]) => `  ${key}=${value}`);
}
