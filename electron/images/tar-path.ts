export interface TarPath {
  /** Without `.`, empty parts, and slashes at its ends. Empty for the root. What leads upwards stays. */
  readonly path: string;
  /** The layer removes the path from those below it, or all that the folder has there. Source: OCI image-spec, "Whiteouts". */
  readonly whiteout?: 'path' | 'opaque';
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
    return { path: [...parts.slice(0, -1), base.slice(prefix.length)].join('/'), whiteout: 'path' };
  }
  return { path: parts.join('/') };
}
