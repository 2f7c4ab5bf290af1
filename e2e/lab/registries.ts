/** Registries that require authentication, for tests. Each has its own storage and ends with `stop()` or with this process. */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hashPassword } from './credentials.ts';
import { findFreePort } from './ports.ts';
import { isRegistryUp, spawnRegistry } from './registry-program.ts';
import { startTokenServer } from './token-server.ts';
import { waitUntil } from './wait.ts';

export interface AuthRegistry {
  /** host:port; plain http without `tls`. */
  address: string;
  username: string;
  password: string;
  /** The scopes for which clients have requested tokens, in order; empty in `basic` mode. */
  scopes: readonly string[];
  stop(): Promise<void>;
}

export interface AuthRegistryOptions {
  /** `none`: everybody may do everything. */
  mode: 'basic' | 'token' | 'none';
  /** PEM files. With `clientAuthority`, clients have to present a certificate that it has signed. Without `tls`: plain HTTP. */
  tls?: { certificate: string; key: string; clientAuthority?: string };
  /** Whether the token server gives identity tokens. */
  identityTokens?: boolean;
}

/**
 * Starts docker-registry on a free port.
 * - `basic`: the registry itself checks username and password (htpasswd), as small private registries do.
 * - `token`: the registry sends clients to a token server, as Docker Hub, ghcr.io and Quay do.
 */
export async function startAuthRegistry({
  mode,
  tls,
  identityTokens = false,
}: AuthRegistryOptions): Promise<AuthRegistry> {
  const folder = await mkdtemp(path.join(tmpdir(), 'barnraiser-registry-'));
  const username = 'builder';
  const password = randomBytes(12).toString('base64url');
  const scopes: string[] = [];
  const cleanUp: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const each of cleanUp.splice(0).reverse()) {
      await each();
    }
  };
  try {
    const address = `127.0.0.1:${await findFreePort()}`;
    const auth = mode === 'basic' ? await basicAuth() : mode === 'token' ? await tokenAuth() : undefined;
    const configFile = path.join(folder, 'config.yml');
    const config = {
      version: '0.1',
      log: { level: 'warn' },
      storage: { filesystem: { rootdirectory: path.join(folder, 'data') }, delete: { enabled: true } },
      http: { addr: address, ...(tls ? { tls: tlsConfig(tls) } : {}) },
      ...(auth ? { auth } : {}),
    };
    await writeFile(configFile, JSON.stringify(config)); // JSON is YAML
    const logFile = path.join(folder, 'log');
    const registry = await spawnRegistry(configFile, logFile, { isDetached: false });
    cleanUp.push(() => kill(registry));
    if (!(await waitUntil(() => (tls ? isListening(address) : isRegistryUp(address)), 20_000))) {
      throw new Error(`The registry with ${mode} authentication does not answer:\n${await readFile(logFile, 'utf8')}`);
    }
    return { address, username, password, scopes, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function basicAuth() {
    const file = path.join(folder, 'htpasswd');
    await writeFile(file, `${username}:${await hashPassword(password, 'bcrypt')}\n`);
    return { htpasswd: { realm: 'lab', path: file } };
  }

  async function tokenAuth() {
    const server = await startTokenServer({
      ...{ username, password, folder, identityTokens, onScope: (scope) => scopes.push(scope) },
    });
    cleanUp.push(server.stop);
    const { realm, service, issuer, certificateFile } = server;
    return { token: { realm, service, issuer, rootcertbundle: certificateFile } };
  }
}

function tlsConfig({ certificate, key, clientAuthority }: NonNullable<AuthRegistryOptions['tls']>) {
  return { certificate, key, ...(clientAuthority ? { clientcas: [clientAuthority] } : {}) };
}

function isListening(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
