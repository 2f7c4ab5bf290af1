/** The words for what takes space on nodes, and for what a prune removes, in every front end. */

/** `context`: a packed context that Barnraiser keeps on a podman node. */
export const storageKinds = ['image', 'cache', 'context', 'container', 'volume'] as const;
export type StorageKind = (typeof storageKinds)[number];

export const storageKindNames: Readonly<Record<StorageKind, string>> = {
  image: 'Images',
  cache: 'Build cache',
  context: 'Contexts',
  container: 'Containers',
  volume: 'Volumes',
};

/** What a prune can remove, from what is missed least to what is missed most. Without a flag, it is removed by default. */
export const pruneParts = {
  leftover: {
    name: 'Leftovers of interrupted builds',
    why: 'an interrupted build left it',
    loss: 'Containers, names and files that nothing uses any more.',
  },
  dangling: { name: 'Images without a name', why: 'no name', loss: 'What builds and pulls have replaced.' },
  cache: {
    name: 'Build cache',
    why: 'build cache that no build uses',
    loss: 'The next build there runs these steps again.',
  },
  context: {
    name: 'Contexts',
    why: 'kept context',
    loss: 'The next build of their projects sends its whole context.',
  },
  project: {
    name: 'Cached images of projects',
    flag: '--cache',
    why: 'cache of a project',
    loss: 'Their next build there runs its steps again.',
  },
  unused: {
    name: 'Images with a name that no container uses',
    flag: '--all',
    why: 'no container uses it',
    loss: 'Also those that others have pulled or built there.',
  },
} as const satisfies Readonly<
  Record<string, { readonly name: string; readonly flag?: string; readonly why: string; readonly loss: string }>
>;
export type PrunePart = keyof typeof pruneParts;
export const pruneOrder = Object.keys(pruneParts) as [PrunePart, ...PrunePart[]];
export const defaultParts = pruneOrder.filter((part) => !('flag' in pruneParts[part]));

/** Why something stays that belongs to a part that is removed. */
export const keptReasons = {
  used: 'a container or a build uses it',
  building: 'a build runs there, which may use it',
  base: 'something that stays is based on it',
  newer: 'newer than asked for',
  limit: 'within the space to keep',
  changed: 'changed since the preview',
  refused: 'the engine did not remove it',
} as const;
export type KeptReason = keyof typeof keptReasons;

/** What takes space in the data folder. */
export const localParts = ['images', 'contexts', 'builds', 'repositories', 'temporary', 'other'] as const;
export const localPartNames: Readonly<Record<(typeof localParts)[number], string>> = {
  images: 'Images',
  contexts: 'Indexes of contexts',
  builds: 'Builds and their logs',
  repositories: 'Git repositories',
  temporary: 'Temporary files',
  other: 'Other files',
};
