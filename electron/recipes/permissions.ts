/** What the files of a project may use of this computer besides the project: only what a person allows. */
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fail } from '../../shared/problem.ts';
import { type Permission, permissionText } from '../../shared/recipe.ts';

const kinds: readonly Permission['kind'][] = ['ssh', 'network.host', 'security.insecure', 'sign'];

export class Permissions {
  readonly #project: string;
  readonly #allowed: ReadonlySet<string>;
  readonly #folders: readonly string[];
  /** Where outputs may go. */
  readonly #targets: readonly string[];
  readonly #missing = new Map<string, Permission>();

  /**
   * @param project the real path of the project
   * @param allow texts of `--allow`: `fs.read=PATH`, `fs.write=PATH`, `fs=PATH`, `fs.read=*`, `env=NAME`, `env=*`, `ssh`, `network.host`, `sign`
   * @throws Failure `input.invalid`
   */
  constructor(project: string, allow: readonly string[]) {
    this.#project = project;
    const folders: string[] = [];
    const targets: string[] = [];
    const allowed = new Set<string>();
    for (const text of allow) {
      const [, only, path] = /^fs(?:\.(read|write))?=(.+)$/s.exec(text) ?? [];
      if (path !== undefined) {
        const folder = path === '*' ? '*' : realPath(resolve(project, path));
        folders.push(...(only === 'write' ? [] : [folder]));
        targets.push(...(only === 'read' ? [] : [folder]));
      } else if (kinds.some((kind) => kind === text) || /^env=./.test(text)) {
        allowed.add(text);
      } else {
        throw fail(
          'input.invalid',
          `--allow "${text}" is not known.`,
          'Use fs.read=PATH, fs.write=PATH, env=NAME, ssh, network.host or sign.',
        );
      }
    }
    this.#folders = folders;
    this.#targets = targets;
    this.#allowed = allowed;
  }

  /** What was needed and is not allowed. */
  get missing(): Permission[] {
    return [...this.#missing.values()];
  }

  need(kind: Exclude<Permission['kind'], 'fs.read' | 'fs.write' | 'env'>, reason: string): void {
    if (!this.#allowed.has(kind)) {
      this.#missing.set(kind, { kind, reason });
    }
  }

  /** Notes that a variable of the environment becomes a secret, which the steps of the project may send anywhere. */
  needVariable(name: string, reason: string): void {
    const permission: Permission = { kind: 'env', path: name, reason };
    if (!this.#allowed.has('env=*') && !this.#allowed.has(permissionText(permission))) {
      this.#missing.set(permissionText(permission), permission);
    }
  }

  /** Notes that a path is read. What is in the project is allowed, unless a link leads out of it. */
  needPath(path: string, reason: string): void {
    const real = realPath(path);
    if (!this.isAllowed(real)) {
      const permission: Permission = { kind: 'fs.read', path: real, reason };
      this.#missing.set(permissionText(permission), permission);
    }
  }

  /** Notes that an output goes to a path. It may go into the project, but not in its place. */
  needTarget(path: string, reason: string): void {
    const real = realPath(path);
    const isOwn = real !== this.#project && isInside(this.#project, real);
    if (!isOwn && !this.#targets.some((folder) => folder === '*' || isInside(folder, real))) {
      const permission: Permission = { kind: 'fs.write', path: real, reason };
      this.#missing.set(permissionText(permission), permission);
    }
  }

  /** @param path a real path */
  isAllowed(path: string): boolean {
    return [this.#project, ...this.#folders].some((folder) => folder === '*' || isInside(folder, path));
  }
}

/** The path without links, as far as it exists. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), relative(parent, path));
  }
}

function isInside(folder: string, path: string): boolean {
  const name = relative(folder, path);
  return name !== '..' && !name.startsWith(`..${sep}`) && !isAbsolute(name);
}

/** `~/key` is in the home folder. */
export function withHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}
