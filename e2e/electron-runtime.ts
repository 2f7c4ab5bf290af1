/** Electron's runtime, which is downloaded when it is first needed. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

/** The specs that run on Electron's own runtime, too. */
export const electronSpecs = ['e2e/desktop.spec.ts', 'e2e/electron-security.spec.ts'];

/** The folder of the package `electron`. */
const installedPackage = resolve(import.meta.dirname, '..', 'node_modules', 'electron');

/** The path of Electron's program, or undefined if the runtime is not installed. */
export function findRuntime(packageFolder = installedPackage, env = process.env): string | undefined {
  const override = env.ELECTRON_OVERRIDE_DIST_PATH;
  const file = join(packageFolder, 'path.txt');
  const name = existsSync(file)
    ? readFileSync(file, 'utf8')
    : process.platform === 'win32'
      ? 'electron.exe'
      : 'electron';
  const path = override === undefined ? join(packageFolder, 'dist', name) : join(override, name);
  return existsSync(path) ? path : undefined;
}

export interface FetchOptions {
  readonly packageFolder?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Called as the download goes on. The total is unknown if the server does not say it. */
  readonly onProgress?: (bytes: number, totalBytes: number | undefined) => void;
}

/**
 * Downloads the runtime, by way of the proxies and mirrors of the environment and of .npmrc, and unpacks it. Each version is
 * downloaded once for all clones of a user.
 * @returns the path of the program
 * @throws Error if it cannot be downloaded; the reason of the signal
 */
export async function fetchRuntime({
  packageFolder = installedPackage,
  env = process.env,
  signal,
  onProgress,
}: FetchOptions = {}): Promise<string> {
  // with an environment of its own, since the download reads mirrors and proxies from there
  const child = spawn(process.execPath, ['--import', 'tsx', import.meta.filename, packageFolder], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    cwd: resolve(import.meta.dirname, '..'),
    env: { ...env, ...proxyEnvironment(env) },
    ...(signal ? { signal } : {}),
  });
  let failure = 'it could not be unpacked';
  child.on('message', (message) => {
    const parsed = messageSchema.parse(message);
    if ('failure' in parsed) {
      failure = parsed.failure;
    } else {
      onProgress?.(parsed.bytes, parsed.totalBytes);
    }
  });
  const code = await new Promise<number | null>((end) => {
    // also when the signal has ended it
    child.on('error', () => end(null));
    child.on('close', end);
  });
  signal?.throwIfAborted();
  const path = code === 0 ? findRuntime(packageFolder, env) : undefined;
  if (path === undefined) {
    throw new Error(failure);
  }
  return path;
}

const messageSchema = z.union([
  z.object({ failure: z.string() }),
  z.object({ bytes: z.number(), totalBytes: z.number().optional() }),
]);

/** The proxies of .npmrc and of the environment, as the download wants them. */
function proxyEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const https = env.https_proxy || env.HTTPS_PROXY || env.npm_config_https_proxy || env.npm_config_proxy;
  const http = env.http_proxy || env.HTTP_PROXY || env.npm_config_proxy;
  if (!https && !http) {
    return {};
  }
  const noProxy = env.no_proxy || env.NO_PROXY || env.npm_config_noproxy;
  return {
    ELECTRON_GET_USE_PROXY: '1',
    ...(https ? { HTTPS_PROXY: https, https_proxy: https } : {}),
    ...(http ? { HTTP_PROXY: http, http_proxy: http } : {}),
    ...(noProxy ? { NO_PROXY: noProxy, no_proxy: noProxy } : {}),
  };
}

/** What an error says and, where it only says that something failed, its cause: `getaddrinfo ENOTFOUND github.com`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.cause === undefined ? error.message : reasonOf(error.cause);
}

/** Downloads and unpacks. Runs in a process of its own. */
async function main(packageFolder: string): Promise<void> {
  const require = createRequire(join(packageFolder, 'package.json'));
  const { downloadArtifact }: typeof import('@electron/get') = await import(
    pathToFileURL(require.resolve('@electron/get')).href
  );
  const { version } = z.object({ version: z.string() }).parse(require('./package.json'));
  const usesRemoteChecksums =
    process.env.electron_use_remote_checksums || process.env.npm_config_electron_use_remote_checksums;
  let lastMs = 0;
  await downloadArtifact({
    version,
    artifactName: 'electron',
    platform: process.env.npm_config_platform || process.platform,
    arch: process.env.npm_config_arch || process.arch,
    ...(process.env.electron_config_cache ? { cacheRoot: process.env.electron_config_cache } : {}),
    ...(usesRemoteChecksums ? {} : { checksums: z.record(z.string(), z.string()).parse(require('./checksums.json')) }),
    downloadOptions: {
      quiet: true,
      getProgressCallback: async ({ transferred, total }: { transferred: number; total: number | null }) => {
        const now = performance.now();
        if (now - lastMs > 100 || transferred === total) {
          lastMs = now;
          process.send?.({ bytes: transferred, ...(total === null ? {} : { totalBytes: total }) });
        }
      },
    },
  });
  // finds the download in the cache and unpacks it
  require('./install.js');
  process.disconnect?.();
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  await main(process.argv[2]).catch((error: unknown) => {
    process.exitCode = 1;
    process.send?.({ failure: reasonOf(error) });
    process.disconnect?.();
  });
}

/** Arguments before the app's folder. Chromium's sandbox does not start for root, the usual user in containers. */
export function runtimeArguments(): string[] {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

/** Whether windows can be shown. Without a display, Electron does not start. */
export function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** What is missing to show Electron's windows, as part of a sentence, or undefined if nothing is missing. */
export function findMissingRequirement(): string | undefined {
  if (findRuntime() === undefined) {
    return 'the Electron runtime is not installed';
  }
  return hasDisplay() ? undefined : 'there is no display';
}
