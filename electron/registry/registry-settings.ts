/** How each registry is reached: Barnraiser's own settings, and those of podman and docker where there are none. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { fail } from '../../shared/problem.ts';
import {
  type RegistrySettings,
  type RegistryTls,
  type registryChangeSchema,
  registrySettingsSchema,
} from '../../shared/registry.ts';
import { SettingsFile } from '../settings/settings-file.ts';
import type { SystemPaths } from '../system/system-paths.ts';
import {
  type ConfiguredRegistry,
  type Endpoint,
  findConfigured,
  readConfiguredRegistries,
  restAfter,
} from './registries-conf.ts';

/** How one registry is reached for one repository. */
export interface HostSettings {
  readonly tls: RegistryTls;
  /** PEM files. */
  readonly ca?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** An address, or `none`. Without it: the proxy of the environment. */
  readonly proxy?: string;
  /** The file that blocks the registry. */
  readonly blockedBy?: string;
  /** What is asked before the registry itself when something is read, each `host/repository`. */
  readonly mirrors: readonly (Endpoint & { readonly file?: string })[];
  /** What is read instead of the registry itself: `host/repository`. */
  readonly location?: string;
  /** The file of podman that says something about the registry. */
  readonly file?: string;
}

export type RegistryChange = z.output<typeof registryChangeSchema>;

export const registriesSchema = z.object({ registries: z.array(registrySettingsSchema) });

/** Barnraiser's own settings of registries, in `registries.json` of the data folder. Several processes share it. */
export class RegistrySettingsStore {
  readonly #file: SettingsFile<{ readonly registries: readonly RegistrySettings[] }>;

  constructor(folder: string) {
    this.#file = new SettingsFile({
      format: dataFormats.registries,
      folder,
      schema: registriesSchema,
      empty: { registries: [] },
    });
  }

  /** By name. @throws Failure `settings.*` */
  async list(): Promise<RegistrySettings[]> {
    return [...(await this.#file.read()).registries].sort((one, other) => one.name.localeCompare(other.name));
  }

  /** @throws Failure `settings.*` */
  async find(name: string): Promise<RegistrySettings | undefined> {
    return (await this.#file.read()).registries.find((registry) => registry.name === name);
  }

  /**
   * Changes the settings of a registry, or sets it up.
   * @param isNew whether it must not have settings
   * @throws Failure `input.invalid`, `registry.exists`, `settings.*`
   */
  async change(change: RegistryChange, { isNew }: { readonly isNew: boolean }): Promise<RegistrySettings> {
    const { name } = change;
    let changed: RegistrySettings = { name };
    await this.#file.update(async ({ registries }) => {
      const before = registries.find((registry) => registry.name === name);
      if (before && isNew) {
        throw fail('registry.exists', `${name} has settings already.`, 'Change them.');
      }
      changed = withoutEmpty({ ...before, ...change });
      await assertUsable(changed);
      return { registries: [...registries.filter((registry) => registry !== before), changed] };
    });
    return changed;
  }

  /** @throws Failure `registry.unknown`, `settings.*` */
  async remove(name: string): Promise<void> {
    await this.#file.update(({ registries }) => {
      const rest = registries.filter((registry) => registry.name !== name);
      if (rest.length === registries.length) {
        throw fail(
          'registry.unknown',
          `Barnraiser has no settings of ${name}.`,
          'Check its name in the list of registries.',
        );
      }
      return { registries: rest };
    });
  }
}

/** What holds for a repository of a registry. Each of Barnraiser's own settings comes before those of `registries.conf`. */
export function settingsFor(
  own: RegistrySettings | undefined,
  configured: readonly ConfiguredRegistry[],
  { registry, repository }: { readonly registry: string; readonly repository: string },
): HostSettings {
  const name = repository === '' ? registry : `${registry}/${repository}`;
  const conf = findConfigured(configured, name);
  const rest = conf ? restAfter(conf.prefix, name) : '';
  const ownMirrors = own?.mirrors?.map((mirror) => ({
    location: repository === '' ? mirror : `${mirror}/${repository}`,
    insecure: false,
    pulls: 'all' as const,
  }));
  const confMirrors = (conf?.mirrors ?? []).map((mirror) => ({
    ...mirror,
    location: mirror.location + rest,
    ...(conf ? { file: conf.file } : {}),
  }));
  const location = conf && conf.location !== '' ? conf.location + rest : name;
  return {
    tls: own?.tls ?? (conf?.insecure ? 'no-verify' : 'verify'),
    ...(own?.ca ? { ca: own.ca } : {}),
    ...(own?.clientCertificate ? { clientCertificate: own.clientCertificate } : {}),
    ...(own?.clientKey ? { clientKey: own.clientKey } : {}),
    ...(own?.proxy ? { proxy: own.proxy } : {}),
    ...(conf?.blocked ? { blockedBy: conf.file } : {}),
    mirrors: ownMirrors ?? confMirrors,
    ...(location === name ? {} : { location }),
    ...(conf ? { file: conf.file } : {}),
  };
}

/** Finds the settings of registries. Files are read each time: they may change while the app runs. */
export async function findSettings(
  store: RegistrySettingsStore,
  paths: SystemPaths,
  target: { readonly registry: string; readonly repository: string },
): Promise<HostSettings> {
  const [own, configured] = await Promise.all([store.find(target.registry), readConfiguredRegistries(paths)]);
  return settingsFor(own, configured, target);
}

function withoutEmpty(settings: RegistrySettings): RegistrySettings {
  const entries = Object.entries(settings).filter(([, value]) => value !== '' && !isEmptyList(value));
  return registrySettingsSchema.parse(Object.fromEntries(entries.filter(([, value]) => value !== undefined)));
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** @throws Failure `input.invalid` */
async function assertUsable({ ca, clientCertificate, clientKey, proxy }: RegistrySettings): Promise<void> {
  for (const file of [ca, clientCertificate, clientKey]) {
    if (file !== undefined && !isAbsolute(file)) {
      throw fail('input.invalid', `${file} is not an absolute path.`, 'Enter the whole path of the file.');
    }
    if (file !== undefined) {
      await access(file).catch(() => {
        throw fail('input.invalid', `${file} cannot be read.`, 'Check the path and the permissions of the file.');
      });
    }
  }
  if (ca !== undefined && !isCertificate(await readFile(ca, 'utf8'))) {
    throw fail('input.invalid', `${ca} is not a certificate in PEM format.`, 'Convert it: openssl x509 -inform der.');
  }
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw fail('input.invalid', 'A client certificate needs its key, and a key its certificate.', 'Name both files.');
  }
  if (clientCertificate !== undefined && clientKey !== undefined) {
    await readClientCertificate(clientCertificate, clientKey);
  }
  if (proxy !== undefined && proxy !== 'none' && !isProxy(proxy)) {
    throw fail(
      'input.invalid',
      `"${proxy}" is not the address of a proxy.`,
      'Enter an address such as http://proxy.example.com:3128, or none.',
    );
  }
}

/** @throws Failure `registry.tls` if the key does not belong to the certificate */
export async function readClientCertificate(
  certificateFile: string,
  keyFile: string,
): Promise<{ readonly certificate: string; readonly key: string }> {
  try {
    const [certificate, key] = await Promise.all([readFile(certificateFile, 'utf8'), readFile(keyFile, 'utf8')]);
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
      return { certificate, key };
    }
  } catch {
    // the failure below says what to do for every reason, and quotes no key
  }
  throw fail(
    'registry.tls',
    `The key ${keyFile} does not belong to the client certificate ${certificateFile}.`,
    'Name a certificate and its own key, both in PEM format, the key without a passphrase.',
  );
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).subject !== undefined;
  } catch {
    return false;
  }
}

function isProxy(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol) && new URL(text).hostname !== '';
}
