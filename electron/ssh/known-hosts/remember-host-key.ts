import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { lock } from 'proper-lockfile';
import { fail } from '../../../shared/problem.ts';
import { formatEntry, knownHostsName, parseKnownHosts } from './entries.ts';

/**
 * Waits some 18 s for other processes, which need milliseconds each. After 10 s, the lock of a dead process is taken
 * over.
 */
const lockRetries = { retries: 600, factor: 1, minTimeout: 20, maxTimeout: 100, randomize: true };

/**
 * Appends a host's key to a known_hosts file unless it is recorded there, and creates the file where it is missing.
 * Processes that do this at the same time wait for each other, so that no host key is lost.
 * @param options.hashName writes a hash in place of the host's name (the SSH configuration's HashKnownHosts).
 * @throws Failure `ssh.known-hosts`
 */
export async function rememberHostKey(
  file: string,
  host: string,
  port: number,
  key: Buffer,
  options: { readonly hashName?: boolean } = {},
): Promise<void> {
  const name = knownHostsName(host, port);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // the lock needs an existing file; mode "a" creates it and never truncates it
    await (await open(file, 'a', 0o600)).close();
    const release = await lock(file, { retries: lockRetries });
    try {
      const text = await readFile(file, 'utf8');
      const isRecorded = parseKnownHosts(text, file).some(
        (entry) => !entry.marker && entry.matches(name) && entry.key.equals(key),
      );
      if (isRecorded) {
        return;
      }
      const line = formatEntry(name, key, { hashName: options.hashName ?? false });
      const handle = await open(file, 'a');
      try {
        await handle.appendFile(text === '' || text.endsWith('\n') ? line : `\n${line}`);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } finally {
      await release();
    }
  } catch (error) {
    throw fail(
      'ssh.known-hosts',
      `The host key of ${name} could not be saved in ${file}.`,
      'Make the file and its folder writable for your user, or name another file in $BARNRAISER_KNOWN_HOSTS.',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}
