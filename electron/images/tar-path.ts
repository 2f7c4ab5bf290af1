export interface TarPath {
  /** Without `.`, empty parts, and slashes at its ends. Empty for the root. What leads upwards stays. */
  readonly path: string;
  /**
   * The layer removes the path from those below it, or all that the folder has there. `invalid`: it would remove the folder that it is in,
   * or the one above. Source: OCI image-spec, "Whiteouts".
   */
  readonly whiteout?: 'path' | 'opaque' | 'invalid';
}

const prefix = '.wh.';
const opaqueName = '.wh..wh..opq';

/** What the name of an entry in a layer means. */
export function readTarPath(name: string): TarPath {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const base = parts.at(-1) ?? '';
  if (base === opaqueName) {
    return { path: parts.slice(0, -1).join('/'), whiteout: 'opaque' };
  }
  if (base.startsWith(prefix)) {
    const hidden = base.slice(prefix.length);
    const isValid = !['', '.', '..'].includes(hidden);
    return { path: [...parts.slice(0, -1), hidden].join('/'), whiteout: isValid ? 'path' : 'invalid' };
  }
  return { path: parts.join('/') };
}
