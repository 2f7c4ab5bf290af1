/** What builds leave: on nodes, and in the data folder. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { LabNode } from '../lab/lab.ts';
import type { FaultyNode } from './faulty-node.ts';

/** Print what is there, in lines. */
const listings: Record<LabNode['engine'], string> = {
  podman: `
    podman ps --all --external --format 'container {{.ID}} {{.Command}}'
    podman images --all --format 'image {{.Repository}}:{{.Tag}}'`,
  docker: `
    docker ps --all --format 'container {{.ID}} {{.Command}}'
    docker images --all --format 'image {{.Repository}}:{{.Tag}}'`,
  // it keeps no images, and its steps are processes
  buildkit: "ls /var/lib/docker/containers | sed 's/^/container /'",
};

/**
 * The context of a project that a node keeps is its cache. What is in no file of that name was not finished. What podman downloads, for
 * us or others, stays in a folder of podman's if podman is killed.
 */
const files = `
  find /tmp /var/tmp -mindepth 1 ! -name filler ! -path '*/container_images_*' | sed 's/^/file /'
  find /root/.cache/barnraiser -type f ! -name '*.tar' 2>/dev/null | sed 's/^/file /'`;

/** With the sessions of sshd, and without what belongs to this listing. */
const processes = "ps -eo args= | grep -v 'find /tmp\\|ps -eo\\|grep -v\\|sed s' | sed 's/^/process /'";

/** Lines of what is on a node beside images without a name, which are the cache of later builds. */
export async function listNode({ node, run }: Pick<FaultyNode, 'node' | 'run'>): Promise<string[]> {
  const text = await run(`${listings[node.engine]}\n${files}\n${processes}`);
  return (
    text
      .split('\n')
      // how many sign-ins an sshd has now
      .map((line) => line.replace(/ \[listener\].*/, '').trim())
      .filter(
        (line) => line !== '' && !/^image (<none>:<none>|localhost\/barnraiser\/\w+:cache-|127\.0\.0\.1:)/.test(line),
      )
  );
}

/** The lines of `after` that are not in `before`, as often as they are there. */
export function added(before: readonly string[], after: readonly string[]): string[] {
  const known = [...before];
  return after.filter((line) => {
    const index = known.indexOf(line);
    if (index >= 0) {
      known.splice(index, 1);
    }
    return index < 0;
  });
}

/** The age at which a lock counts as left behind, in milliseconds. */
const staleMs = 10_000;

/** Folders of the data folder that hold only what is in use. */
const transient = ['running', 'running-bakes', 'slots', 'node-work', 'spool', 'images.work'];

/**
 * What an interrupted build has got is kept for its resumption, by its lease beside the heartbeat of its dead process. What is in the
 * folder of a build goes with the build.
 */
function isKept(path: string): boolean {
  const [, pid] = /^images\.work\/(\d+)-[^/]+\/(?:lease-[^/]*|heartbeat)$/.exec(path) ?? [];
  return path.startsWith('builds/') || (pid !== undefined && !existsSync(`/proc/${pid}`));
}

/** The files in a data folder that only a running process needs. A lock that is not renewed is free. */
export async function listHome(home: string): Promise<string[]> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const path = relative(home, join(entry.parentPath, entry.name));
    const isTransient = entry.isFile() && transient.some((folder) => path.startsWith(`${folder}/`));
    const isHeld = path.endsWith('.lock') && (await isRecent(join(home, path)));
    if (!isKept(path) && (isTransient || isHeld || /\.tmp$|\.\d{6,}$/.test(path))) {
      found.push(path);
    }
  }
  return found.sort();
}

async function isRecent(path: string): Promise<boolean> {
  const modified = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  return Date.now() - modified < staleMs;
}
