import { fail } from '../../shared/problem.ts';
import { loadCertificates } from './certificates.ts';
import type { Challenge } from './challenge.ts';
import type { CredentialSource } from './credential-source.ts';
import { hostNamesOf, registryNames } from './credentials.ts';
import { findRegistry } from './find-registry.ts';
import { HttpClient, hasProxy } from './http.ts';
import type { HostSettings } from './registry-settings.ts';
import type { Wait } from './retry.ts';

export interface HostOptions {
  /** The host of a reference, such as `docker.io` or `registry.example.com:5000`. */
  readonly registry: string;
  /** Empty for a request to the registry as a whole. */
  readonly repository: string;
  readonly credentials: CredentialSource;
  /** True: as the settings of the registry say. False: also https with any certificate, otherwise plain HTTP. */
  readonly tlsVerify: boolean;
  readonly signal: AbortSignal;
  /** Waits between attempts: a timer by default. */
  readonly wait?: Wait | undefined;
}

/** A registry that has answered. `http` is to be closed. */
export interface OpenHost {
  readonly http: HttpClient;
  readonly settings: HostSettings;
  readonly origin: string;
  readonly challenges: readonly Challenge[];
}

/**
 * Finds a registry as its settings say: the one place that decides how a registry is reached.
 * @throws Failure `registry.unreachable`, `registry.tls`, `registry.refused`, `settings.*`; the reason of the signal
 */
export async function openHost(options: HostOptions): Promise<OpenHost> {
  const { signal, wait } = options;
  const { registry } = registryNames(options);
  const settings = await settingsOf(options);
  const http = await createHttpClient(options, settings);
  try {
    const tlsVerify = settings.tls === 'verify';
    const plainHttp = settings.tls === 'plain-http';
    const found = await findRegistry(http, { registry, tlsVerify, plainHttp, signal, wait });
    return { http, settings, ...found };
  } catch (error) {
    await http.close();
    throw error;
  }
}

/** How the registry is reached. A request may allow more than the settings do. @throws Failure `registry.refused`, `settings.*` */
export async function settingsOf(
  options: Pick<HostOptions, 'registry' | 'repository' | 'credentials' | 'tlsVerify'>,
): Promise<HostSettings> {
  const settings: HostSettings = (await options.credentials.settings?.(registryNames(options))) ?? {
    tls: 'verify',
    mirrors: [],
  };
  if (settings.blockedBy !== undefined) {
    throw fail(
      'registry.refused',
      `The registry ${options.registry} is blocked in ${settings.blockedBy}.`,
      'Use another registry, or remove the line "blocked = true" from that file.',
    );
  }
  return options.tlsVerify || settings.tls === 'plain-http' ? settings : { ...settings, tls: 'no-verify' };
}

async function createHttpClient(
  { registry, credentials }: Pick<HostOptions, 'registry' | 'credentials'>,
  settings: HostSettings,
): Promise<HttpClient> {
  const tlsVerify = settings.tls === 'verify';
  // the certificate of a proxy is verified in any case
  const verifies = tlsVerify || hasProxy() || settings.proxy !== undefined;
  const certificates = await loadCertificates(hostNamesOf(registry), credentials, verifies, settings);
  return new HttpClient({ tlsVerify, certificates, proxy: settings.proxy });
}
