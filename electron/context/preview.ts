import { formatBytes } from '../../shared/format.ts';
import { type ContentsOptions, type ContextContents, contextEntries, openContents } from './contents.ts';
import { patternFor } from './ignore.ts';
import type { ContextEntry } from './walk.ts';

/** A path that a person may not want to send to every node. A `COPY . .` also puts it into the image. */
export interface ContextWarning {
  readonly kind: keyof typeof warningTexts;
  /** Relative to the context, with forward slashes. */
  readonly path: string;
  /** The rest of a sentence for people that begins with the path. */
  readonly message: string;
  /** The pattern that leaves it out. */
  readonly pattern?: string;
}

export interface ContextPreview {
  readonly contents: ContextContents;
  /** The number of paths that would be sent, without folders. */
  readonly files: number;
  /** The size of their contents in bytes. */
  readonly bytes: number;
  /** The ten largest files, largest first. */
  readonly largest: { path: string; bytes: number }[];
  /** The number of ignored paths. An ignored folder counts once, whatever it contains. */
  readonly ignoredCount: number;
  /** The first hundred. */
  readonly warnings: ContextWarning[];
}

const maxLargest = 10;
const maxWarnings = 100;
/** A file of this size takes long to send. */
const largeFileBytes = 100 * 1024 * 1024;

/**
 * Summarizes what a build would send, without reading the contents of files.
 * @throws Failure like `packContext`
 */
export async function previewContext(
  options: ContentsOptions & { readonly signal?: AbortSignal },
): Promise<ContextPreview> {
  const contents = await openContents(options);
  const largest: { path: string; bytes: number }[] = [];
  const warnings: ContextWarning[] = [];
  let files = 0;
  let bytes = 0;
  let ignoredCount = 0;

  function warn(kind: ContextWarning['kind'], path: string, size = 0): void {
    if (warnings.length < maxWarnings) {
      // what is not sent needs no pattern
      const pattern = kind === 'special-file' ? {} : { pattern: patternFor(path) };
      warnings.push({ kind, path, message: warningTexts[kind](size), ...pattern });
    }
  }

  function add(entry: ContextEntry): void {
    const kind = classifyPath(entry.path, entry.kind === 'folder');
    if (kind) {
      warn(kind, entry.path);
    }
    if (entry.kind === 'folder') {
      return;
    }
    files++;
    if (entry.kind !== 'file') {
      return;
    }
    bytes += entry.size;
    if (!kind && entry.size >= largeFileBytes) {
      warn('large-file', entry.path, entry.size);
    }
    if (largest.length < maxLargest || entry.size > (largest.at(-1)?.bytes ?? 0)) {
      largest.push({ path: entry.path, bytes: entry.size });
      largest.sort((one, other) => other.bytes - one.bytes);
      largest.length = Math.min(largest.length, maxLargest);
    }
  }

  const batches = contextEntries(contents, {
    ...(options.signal ? { signal: options.signal } : {}),
    onExclude(path, reason) {
      if (reason === 'ignored') {
        ignoredCount++;
      } else {
        warn('special-file', path);
      }
    },
  });
  for await (const entries of batches) {
    entries.forEach(add);
  }
  return { contents, files, bytes, largest, ignoredCount, warnings };
}

const warningTexts = {
  'env-file': () => 'may contain secrets; it would be sent to every node',
  'private-key': () => 'looks like a private key; it would be sent to every node',
  credentials: () => 'looks like stored credentials; it would be sent to every node',
  'git-folder': () => 'contains the history of the project, which a build rarely needs',
  dependencies: () => 'contains installed dependencies, which are usually installed again inside the image',
  'large-file': (size: number) => `has ${formatBytes(size)}, which every node would get`,
  'special-file': () => 'is a socket, pipe or device and is left out',
};

const credentialFiles = new Set(['.npmrc', '.netrc', '_netrc', '.pypirc', '.git-credentials', '.pgpass', '.htpasswd']);
const credentialPaths = ['.docker/config.json', '.aws/credentials', '.kube/config', 'containers/auth.json'];

/** Classifies a path by its name alone. Examples such as `.env.example` and public keys are not secret. */
function classifyPath(path: string, isFolder: boolean): ContextWarning['kind'] | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === '.git') {
    return 'git-folder';
  }
  if (isFolder) {
    return name === 'node_modules' || name === '.venv' ? 'dependencies' : undefined;
  }
  if (name === '.env' || (name.startsWith('.env.') && !/\.(example|sample|template|dist|defaults?)$/.test(name))) {
    return 'env-file';
  }
  if (/^id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/.test(name) || /\.(pem|key|p12|pfx|ppk|jks)$/i.test(name)) {
    return 'private-key';
  }
  if (credentialFiles.has(name) || credentialPaths.some((known) => path === known || path.endsWith(`/${known}`))) {
    return 'credentials';
  }
  return undefined;
}
