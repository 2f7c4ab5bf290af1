/** SHA256SUMS of a release, and its signature. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const sumsName = 'SHA256SUMS';
/** What the signature is for, so that it cannot be used for another purpose. Source: ssh-keygen(1), -Y sign. */
const namespace = 'barnraiser-release';

/** Leftovers of electron-builder, which no one downloads. */
const leftOut = /^(builder-.*\.ya?ml|.*\.blockmap|\.icon-.*)$/;

/** Writes SHA256SUMS of all files of a folder, as `sha256sum -c` reads it. @returns its path */
export async function writeChecksums(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter(
    (entry) => entry.isFile() && !entry.name.startsWith(sumsName) && !leftOut.test(entry.name),
  );
  const lines: string[] = [];
  for (const { name } of names.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(folder, name)), hash);
    lines.push(`${hash.digest('hex')}  ${name}\n`);
  }
  const path = join(folder, sumsName);
  await writeFile(path, lines.join(''));
  return path;
}

/**
 * Signs a file with an SSH key, as `SHA256SUMS.sig`. It is verified with
 * `ssh-keygen -Y verify -n barnraiser-release -I IDENTITY -f ALLOWED_SIGNERS -s SHA256SUMS.sig < SHA256SUMS`.
 * @param key the content of a private key without a passphrase
 */
export async function signFile(path: string, key: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-key-'));
  const keyPath = join(folder, 'key');
  try {
    await writeFile(keyPath, `${key.trim()}\n`, { mode: 0o600 });
    await chmod(keyPath, 0o600);
    await rm(`${path}.sig`, { force: true });
    await promisify(execFile)('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', keyPath, path]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
