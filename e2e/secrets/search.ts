/** Searches for secrets where none may be: in files here, also compressed ones, and on nodes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { runOnNode } from '../lab/lab.ts';

/** Secrets by their names. */
export type Secrets = Readonly<Record<string, string>>;

/** A value as it is, in hex, and in base64 wherever it begins. */
export function formsOf(value: string): string[] {
  const base64 = [0, 1, 2].map((before) =>
    Buffer.from(`${'x'.repeat(before)}${value}`)
      .toString('base64')
      // the first and the last characters depend on what is beside the value
      .slice(before === 0 ? 0 : 4)
      .replace(/=+$/, '')
      .slice(0, -4),
  );
  return [value, Buffer.from(value).toString('hex'), ...base64];
}

/** The names of the secrets that a file contains, as it is or decompressed. */
export async function findSecrets(file: string, secrets: Secrets): Promise<string[]> {
  const names = await searchStream(createReadStream(file), secrets);
  if (await isGzip(file)) {
    // a damaged file is searched as far as it can be read
    const content = createReadStream(file).pipe(createGunzip());
    return [...new Set([...names, ...(await searchStream(content, secrets).catch(() => []))])];
  }
  return names;
}

/** Reads overlapping chunks, since a heap snapshot has hundreds of megabytes. */
async function searchStream(stream: Readable, secrets: Secrets): Promise<string[]> {
  const forms = Object.entries(secrets).flatMap(([name, value]) =>
    formsOf(value).map((form) => [name, Buffer.from(form)] as const),
  );
  const overlap = Math.max(...forms.map(([, form]) => form.length));
  const names = new Set<string>();
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    const piece = Buffer.concat([rest, chunk]);
    for (const [name, form] of forms) {
      if (piece.includes(form)) {
        names.add(name);
      }
    }
    rest = piece.subarray(Math.max(0, piece.length - overlap));
  }
  return [...names];
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
  } finally {
    await handle.close();
  }
}

/** What was found in a folder: `path: name`. */
export async function findInFolder(folder: string, secrets: Secrets): Promise<{ files: number; found: string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found: string[] = [];
  for (const path of paths) {
    found.push(...(await findSecrets(path, secrets)).map((name) => `${path}: ${name}`));
  }
  return { files: paths.length, found };
}

/** The command lines and environments of all processes of a node. */
export async function processesOf(node: string): Promise<string> {
  const { stdout } = await runOnNode(node, "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '");
  return stdout;
}

/** Marks now as the time after which {@link findOnNode} searches. */
export async function markTime(node: string, mark: string): Promise<void> {
  await runOnNode(node, `touch /run/node/${mark}`);
}

export async function unmarkTime(node: string, mark: string): Promise<void> {
  await runOnNode(node, `rm -f /run/node/${mark}`);
}

/** The paths of all files of a node, changed since the mark, that contain one of the secrets, as they are or decompressed. */
export async function findOnNode(node: string, mark: string, secrets: Secrets): Promise<string[]> {
  const patterns = Object.values(secrets)
    .flatMap(formsOf)
    .map((form) => `-e '${form}'`)
    .join(' ');
  // what the engine stores is below /run/node, too
  const prune = ['/proc', '/sys', '/dev', '/run/node'].map((path) => `-path ${path} -prune -o`).join(' ');
  const { stdout } = await runOnNode(
    node,
    `find / /dev/shm ${prune} -type f -cnewer /run/node/${mark} -print0 2>/dev/null >/run/node/${mark}.list
    xargs -0 -r grep -laF ${patterns} </run/node/${mark}.list 2>/dev/null
    xargs -0 -r sh -c 'for file; do
      case $(od -An -tx1 -N2 "$file" 2>/dev/null) in *"1f 8b"*)
        gzip -dc "$file" 2>/dev/null | grep -qaF ${patterns.replaceAll("'", '"')} && echo "$file";;
      esac
    done' sh </run/node/${mark}.list
    rm /run/node/${mark}.list`,
  );
  return stdout.split('\n').filter((line) => line !== '');
}

/** Runs the program of this folder. */
export function buildAndSnapshot(
  requestFile: string,
  env: NodeJS.ProcessEnv,
): { readonly process: ChildProcess; readonly ended: Promise<{ code: number | null; printed: string }> } {
  const program = join(import.meta.dirname, 'build-and-snapshot.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, requestFile], {
    env: { ...process.env, SSH_AUTH_SOCK: '', BARNRAISER_SSH_CONFIG: 'none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const append = (text: string): void => {
    printed += text;
  };
  child.stdout.setEncoding('utf8').on('data', append);
  child.stderr.setEncoding('utf8').on('data', append);
  return {
    process: child,
    ended: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, printed }));
    }),
  };
}
