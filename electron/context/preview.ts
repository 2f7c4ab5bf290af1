import { type ContentsOptions, openContents } from './contents.ts';

/** What a person may not want to send: it travels to every node and a `COPY . .` puts it into the image. */
export interface ContextWarning {
  readonly kind: 'env-file' | 'private-key' | 'credentials' | 'git-folder' | 'dependencies' | 'special-file';
  /** Relative to the context, with forward slashes. */
  readonly path: string;
  /** One sentence for people. */
  readonly message: string;
}

export interface ContextPreview {
  /** Everything that would travel but folders. */
  readonly files: number;
  /** The size of their contents. */
  readonly bytes: number;
  /** The ten largest files, largest first. */
  readonly largest: { path: string; bytes: number }[];
  /** What rules keep at home; an ignored folder counts once, whatever is in it. */
  readonly ignoredCount: number;
  /** The first hundred. */
  readonly warnings: ContextWarning[];
}

const largestShown = 10;
const warningsShown = 100;

/**
 * Says what a build would send, without reading any contents.
 * @throws Failure as `packContext`
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

  function warn(kind: ContextWarning['kind'], path: string): void {
    if (warnings.length < warningsShown) {
      warnings.push({ kind, path, message: `${path} ${sentences[kind]}` });
    }
  }

  const entries = contents.entries({
    ...(options.signal ? { signal: options.signal } : {}),
    onLeftOut(path, why) {
      if (why === 'ignored') {
        ignoredCount++;
      } else {
        warn('special-file', path);
      }
    },
  });
  for await (const entry of entries) {
    const kind = suspicionOf(entry.path, entry.kind === 'folder');
    if (kind) {
      warn(kind, entry.path);
    }
    if (entry.kind === 'folder') {
      continue;
    }
    files++;
    if (entry.kind !== 'file') {
      continue;
    }
    bytes += entry.size;
    if (largest.length < largestShown || entry.size > (largest.at(-1)?.bytes ?? 0)) {
      largest.push({ path: entry.path, bytes: entry.size });
      largest.sort((one, other) => other.bytes - one.bytes);
      largest.length = Math.min(largest.length, largestShown);
    }
  }
  return { files, bytes, largest, ignoredCount, warnings };
}

const sentences: Readonly<Record<ContextWarning['kind'], string>> = {
  'env-file': 'usually holds settings and passwords of this computer.',
  'private-key': 'looks like a private key.',
  credentials: 'usually holds passwords or tokens.',
  'git-folder': 'holds the whole history of the project.',
  dependencies: 'holds dependencies made for this computer, which a build usually fetches itself.',
  'special-file': 'is a socket, a pipe or a device, and is left out.',
};

const credentialFiles = new Set(['.npmrc', '.netrc', '_netrc', '.pypirc', '.git-credentials', '.pgpass', '.htpasswd']);
const credentialPaths = ['.docker/config.json', '.aws/credentials', '.kube/config', 'containers/auth.json'];

/** Judged by the name alone. Examples such as `.env.example` and public keys are nobody's secret. */
function suspicionOf(path: string, isFolder: boolean): ContextWarning['kind'] | undefined {
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
