/** What people type who know docker, buildx, podman or linuxkit, and what does the same here. */

const noContainers =
  'Barnraiser builds images and runs none: push the image or export it, and run it with podman or docker.';
const lists = 'barnraiser images lists images, barnraiser builds lists builds, barnraiser status shows the nodes.';

/** Commands of a group are behind its name. */
const commands: Readonly<Record<string, string>> = {
  buildx: 'Use barnraiser build or barnraiser bake; the guide has a page on moving from docker buildx.',
  builder: 'Use barnraiser farm and barnraiser connection, and barnraiser prune for build caches.',
  compose: 'Use barnraiser bake, which builds the images of a compose file.',
  container: noContainers,
  context: 'Use barnraiser connection; barnraiser connection import finds contexts of docker.',
  create: 'Use barnraiser farm create, or barnraiser manifest create for a list.',
  exec: noContainers,
  history: 'Use barnraiser inspect REF for the history of an image, barnraiser builds for builds.',
  image: 'Use barnraiser images, inspect, tag, push, pull, export and rm.',
  import: 'Use barnraiser load for an image, barnraiser connection import for connections.',
  info: 'Use barnraiser status.',
  kill: 'Use barnraiser cancel BUILD.',
  ls: lists,
  'pkg builder': 'Use barnraiser df and barnraiser prune.',
  'pkg manifest': 'Use barnraiser pkg push, which pushes the list, too.',
  'pkg remote-tag': 'Use barnraiser copy docker://REF docker://NEW.',
  ps: 'Use barnraiser builds for builds, barnraiser queue for what runs and waits.',
  remove: 'Use barnraiser rm for images, barnraiser connection remove, farm remove and builds rm for others.',
  rmi: 'Use barnraiser rm.',
  run: noContainers,
  save: 'Use barnraiser export REF docker-archive:FILE or oci-archive:FILE.',
  search: 'Use barnraiser tags REGISTRY/REPOSITORY.',
  start: noContainers,
  stop: 'Use barnraiser cancel BUILD.',
  system: 'Use barnraiser df, barnraiser prune and barnraiser status.',
  version: 'Use barnraiser --version.',
};

/** Of all commands that have no such option. */
const options: Readonly<Record<string, string>> = {
  '--builder': 'Use --farm FARM or --node CONNECTION.',
  '--compress': 'Leave it out: only what a node lacks is sent.',
  '-D': 'Leave it out, and use --logfile FILE to keep the log.',
  '--debug': 'Leave it out, and use --logfile FILE to keep the log.',
  '-p': 'Use --password-stdin, or leave it out to be asked.',
  '--password': 'Use --password-stdin, or leave it out to be asked.',
  '-v': 'Use --version.',
};

/** What to use here instead of a command of another tool. */
export function insteadOfCommand(name: string): string | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

/** What to use here instead of an option of another tool. */
export function insteadOfOption(flag: string): string | undefined {
  return Object.hasOwn(options, flag) ? options[flag] : undefined;
}
