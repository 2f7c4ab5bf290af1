import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdtemp, readFile, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { fail } from '../../shared/problem.ts';
import { errnoCode, isMissingPath } from '../system/file-errors.ts';
import { withFileLock } from '../system/file-lock.ts';

/** The longest path of a socket in bytes. Linux allows 107, macOS and the BSDs 103. */
const maxSocketPathBytes = 103;

const pointerSchema = z.object({ version: z.literal(1), path: z.string() });

/** Where the app of a data folder listens, unless the folder is unsuitable for a socket. */
const socketIn = (home: string): string => join(home, 'app.sock');

/** Holds the path of the socket or pipe where it is elsewhere. */
const pointerIn = (home: string): string => join(home, 'app.sock.json');

const isWindows = process.platform === 'win32';

/**
 * Makes a server listen where {@link findSocket} finds it: at a socket that only this user can reach. The socket of a
 * dead process is replaced.
 * @returns a function that removes what the server leaves behind; undefined if another app of the data folder listens
 * @throws Failure `app.socket`
 */
export async function listenInDataFolder(server: Server, home: string): Promise<(() => Promise<void>) | undefined> {
  try {
    return await withFileLock(socketIn(home), async () => {
      await assertOwn(await realpath(home));
      // what another user has left is neither used nor removed
      const before = await findSocket(home).catch(() => undefined);
      if (before !== undefined && (await isAlive(before))) {
        return undefined;
      }
      await removeSocket(home, before);
      const path = await choosePath(home);
      await listen(server, path);
      if (!isWindows) {
        await chmod(path, 0o600);
      }
      return () => removeSocket(home, path);
    });
  } catch (error) {
    throw socketFailure(home, error);
  }
}

/**
 * The path at which an app of the data folder listens, or has listened.
 * @returns undefined if there is none
 * @throws Failure `app.socket` if it belongs to another user
 */
export async function findSocket(home: string): Promise<string | undefined> {
  const pointer = pointerIn(home);
  const direct = socketIn(home);
  const text = await readFile(pointer, 'utf8').catch(() => undefined);
  if (text !== undefined) {
    await assertOwn(pointer);
    const path = parsePointer(text);
    if (isWindows || path === undefined || !(await exists(path))) {
      return path;
    }
    await assertOwn(path);
    await assertOwn(dirname(path), 0o077);
    return path;
  }
  if (isWindows || !(await exists(direct))) {
    return undefined;
  }
  await assertOwn(await realpath(home));
  await assertOwn(direct);
  return direct;
}

function parsePointer(text: string): string | undefined {
  try {
    return pointerSchema.parse(JSON.parse(text)).path;
  } catch {
    return undefined;
  }
}

/** A path in the data folder, or where that is too long or open to others, in a private folder that a file points to. */
async function choosePath(home: string): Promise<string> {
  const direct = socketIn(home);
  if (isWindows) {
    // named for the data folder; the random part keeps others from taking the name first
    const name = createHash('sha256')
      .update(await realpath(home))
      .digest('hex')
      .slice(0, 16);
    return point(home, `\\\\.\\pipe\\barnraiser-${name}-${randomBytes(8).toString('hex')}`);
  }
  const isPrivate = ((await stat(home)).mode & 0o077) === 0;
  if (isPrivate && Buffer.byteLength(direct) <= maxSocketPathBytes) {
    return direct;
  }
  return point(home, join(await mkdtemp(join(tmpdir(), 'barnraiser-')), 'app.sock'));
}

async function point(home: string, path: string): Promise<string> {
  await writeFileAtomic(pointerIn(home), `${JSON.stringify({ version: 1, path })}\n`, { mode: 0o600 });
  return path;
}

async function removeSocket(home: string, path: string | undefined): Promise<void> {
  await rm(pointerIn(home), { force: true });
  if (path === undefined || isWindows) {
    return;
  }
  await rm(path, { force: true });
  if (path !== socketIn(home)) {
    // only if it is empty
    await rmdir(dirname(path)).catch(() => undefined);
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Whether a process listens. It need not be able to answer: the system accepts connections for it. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(errnoCode(error) !== 'ECONNREFUSED' && !isMissingPath(error)));
  });
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => {
      if (isMissingPath(error)) {
        return false;
      }
      throw error;
    },
  );
}

/** @param forbidden permission bits that may not be set @throws Failure `app.socket` */
async function assertOwn(path: string, forbidden = 0): Promise<void> {
  if (isWindows) {
    return;
  }
  const { uid, mode } = await lstat(path);
  if (uid !== process.getuid?.() || (mode & forbidden) !== 0) {
    throw fail(
      'app.socket',
      `${path} belongs to another user, or is open to others.`,
      'Use a data folder of your own: set BARNRAISER_HOME, or remove what another user has left there.',
    );
  }
}

function socketFailure(home: string, error: unknown): unknown {
  return errnoCode(error) === undefined
    ? error
    : fail(
        'app.socket',
        `Commands in a terminal cannot use this app: ${error instanceof Error ? error.message : String(error)}.`,
        `They work by themselves. Check the permissions of ${home}.`,
        undefined,
        error,
      );
}
