import { digestOf } from '../images/digest.ts';
import { entriesOf, mergeEntries } from '../images/edit-list.ts';
import { type Descriptor, mediaTypes, type RawManifest } from '../images/manifest.ts';
import type { CopyContent } from './copy-source.ts';

/** One list of the images of several. An image replaces one of the same platform of a list before it, with what describes that. */
export function joinContent(contents: readonly CopyContent[]): CopyContent {
  const [first, ...others] = contents;
  if (!first || others.length === 0) {
    if (!first) {
      throw new Error('there is nothing to join');
    }
    return first;
  }
  const list = contents.reduce(
    (merged: RawManifest, { list: next }) => mergeEntries(merged, entriesOf(next)),
    emptyList,
  );
  const entries = entriesOf(list);
  const digests = new Set(entries.map(({ digest }) => digest));
  const keep = <T extends { readonly digest: Descriptor['digest'] }>(all: readonly T[]): T[] => [
    ...new Map(all.filter(({ digest }) => digests.has(digest)).map((each) => [each.digest, each])).values(),
  ];
  return {
    top: list,
    list,
    images: keep(contents.flatMap(({ images }) => images)),
    attachments: keep(contents.flatMap(({ attachments }) => attachments)),
    attached: contents.flatMap(({ attached }) => attached).filter(({ attached: { subject } }) => digests.has(subject)),
    leftOut: contents.reduce((sum, { leftOut }) => sum + leftOut, 0),
    // what describes a list that is not there any more has no subject
    referrers: contents
      .flatMap(({ referrers }) => referrers)
      .filter(({ subject }) => subject && digests.has(subject.digest)),
    tagged: contents.flatMap(({ tagged }) => tagged).filter(({ subjectOfTag }) => digests.has(subjectOfTag)),
  };
}

const emptyBytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests: [] }));
/** Docker's format until an image of OCI comes in. */
const emptyList: RawManifest = { bytes: emptyBytes, digest: digestOf(emptyBytes), mediaType: mediaTypes.dockerList };
