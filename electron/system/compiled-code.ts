/**
 * Keeps what V8 compiles of the bundle. Compiling takes a third of the time in which a short command starts, loading what was
 * compiled takes a tenth of that.
 */
import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { cachedDataVersionTag, setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/** Files that were not written for so long are removed: their bundle has probably been replaced. */
const maxAgeMs = 30 * 24 * 3600 * 1000;

const digestBytes = 32;

/**
 * V8 forgets what it compiled and has not run for a while: in a long first build, most of what every start needs. So a flag
 * forbids that, but only in a process that keeps something: what was compiled is only valid with the same flags. With another flag, V8
 * would also compile Node's own modules, which takes 20 ms at each start.
 */
const keepingFlag = '--no-flush-bytecode';
const usualFlag = '--flush-bytecode';

interface CompiledFile {
  readonly data: Buffer;
  /** The programs that have added the functions that they use. */
  readonly users: readonly string[];
}

/**
 * To be called by an entry of the bundle before it loads anything else. From then on, the compiled code of files that are
 * loaded is read from a folder in the data folder, and written there when the process ends. Does nothing where that is not
 * possible, such as without a data folder.
 * @param home the data folder. Who can write to it could run any code here, so that must be only this user
 * @param user what is run, such as the name of a command. Functions are compiled when they are first called, so what one
 *   program has compiled is not all that another one needs
 */
export function keepCompiledCode(home: string, user: string): void {
  const folder = join(home, 'compiled');
  const isUsable = (): boolean => isOwn(home) && (isOwn(folder) || isMissing(folder));
  // the first start makes the data folder later
  if (!import.meta.url.endsWith('.cjs') || !(isUsable() || isMissing(home))) {
    return;
  }
  const { extensions } = createRequire(import.meta.url);
  const version = cachedDataVersionTag();
  const added: { path: string; script: Script; users: readonly string[] }[] = [];
  extensions['.cjs'] = (module, filename) => {
    // the names of files of the bundle have a digest of their content
    const path = join(folder, `${basename(filename)}-${version}`);
    const compiled = readCompiled(path);
    if (added.length > 0) {
      setFlagsFromString(usualFlag);
    }
    const script = new Script(Module.wrap(readSource(filename)), {
      filename,
      ...(compiled ? { cachedData: compiled.data } : {}),
    });
    const users = script.cachedDataRejected === false ? (compiled?.users ?? []) : [];
    if (!users.includes(user)) {
      added.push({ path, script, users: [...users, user] });
    }
    if (added.length > 0) {
      setFlagsFromString(keepingFlag);
    }
    script
      .runInThisContext()
      .call(module.exports, module.exports, module.require.bind(module), module, filename, dirname(filename));
  };
  process.once('exit', () => {
    try {
      if (!isUsable()) {
        return;
      }
      if (added.length > 0) {
        setFlagsFromString(usualFlag);
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        removeOld(folder);
      }
      for (const { path, script, users } of added) {
        writeCompiled(path, { data: script.createCachedData(), users });
      }
    } catch {
      // a full disk, for example: the next start compiles again
    }
  });
}

/** Is it a folder that only this user can write to? */
function isOwn(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return (
    stats?.isDirectory() === true &&
    (process.getuid === undefined || (stats.uid === process.getuid() && (stats.mode & 0o022) === 0))
  );
}

function isMissing(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

/** The bundle is ASCII, which is read and compiled in half the time if it need not be decoded. */
function readSource(path: string): string {
  const bytes = readFileSync(path);
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

function readCompiled(path: string): CompiledFile | undefined {
  try {
    const content = readFileSync(path);
    const rest = content.subarray(digestBytes);
    const lineEnd = rest.indexOf('\n');
    // V8 does not check the data itself, and crashes if the file is damaged
    return lineEnd !== -1 && digestOf(rest).equals(content.subarray(0, digestBytes))
      ? { users: rest.toString('utf8', 0, lineEnd).split(' '), data: rest.subarray(lineEnd + 1) }
      : undefined;
  } catch {
    return undefined;
  }
}

function writeCompiled(path: string, { data, users }: CompiledFile): void {
  const rest = Buffer.concat([Buffer.from(`${users.join(' ')}\n`), data]);
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, Buffer.concat([digestOf(rest), rest]), { mode: 0o600 });
  renameSync(temporary, path);
}

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if ((lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < Date.now() - maxAgeMs) {
      rmSync(path, { force: true });
    }
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
