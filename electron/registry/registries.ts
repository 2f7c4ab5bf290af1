/** Registries as objects: their settings, who is signed in, and what is wrong with them. Everything that uses one asks here how. */
import { readdir } from 'node:fs/promises';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import { parseReference } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import type { Credentials, PushRecord } from '../../shared/push.ts';
import type { LoginStore, Registry, RegistryLogin, RegistrySettings } from '../../shared/registry.ts';
import { normalRegistryName, registryNameProblem } from '../../shared/registry-name.ts';
import { type SystemPaths, systemPaths } from '../system/system-paths.ts';
import { certificateFolders, registryCertificateFiles } from './certificates.ts';
import { checkRegistry } from './check-registry.ts';
import type { CredentialSource } from './credential-source.ts';
import { hostNamesOf } from './credentials.ts';
import { loginsInFiles, removeFromFile, saveInFile } from './login-files.ts';
import { type ConfiguredRegistry, readConfiguredRegistries } from './registries-conf.ts';
import { findSettings, type RegistrySettingsStore, settingsFor } from './registry-settings.ts';
import type { SavedLogins } from './saved-logins.ts';
import { trySignIn } from './sign-in.ts';

export interface RegistriesOptions {
  readonly settings: RegistrySettingsStore;
  readonly logins: SavedLogins;
  /** Where images were pushed. */
  readonly pushes: () => Promise<readonly PushRecord[]>;
  /** Called after settings or logins were changed here. */
  readonly onChange: () => void;
  readonly paths?: () => SystemPaths;
}

type FoundLogin = RegistryLogin & { readonly file?: string };

export class Registries {
  readonly #options: RegistriesOptions;
  readonly #paths: () => SystemPaths;

  constructor(options: RegistriesOptions) {
    this.#options = options;
    this.#paths = options.paths ?? (() => systemPaths());
  }

  /** How registries are reached and signed in to. @param explicit what was entered, which comes before everything saved */
  source(explicit?: Credentials): CredentialSource {
    const { settings, logins } = this.#options;
    const paths = this.#paths();
    return {
      ...paths,
      explicit,
      saved: (names) => logins.find(names),
      settings: (target) => findSettings(settings, paths, target),
    };
  }

  /** By name. @throws Failure `settings.*` */
  async list(): Promise<Registry[]> {
    const paths = this.#paths();
    const [own, configured, logins, pushes, withCertificates] = await Promise.all([
      this.#options.settings.list(),
      readConfiguredRegistries(paths),
      this.#allLogins(),
      this.#options.pushes(),
      registriesWithCertificates(paths),
    ]);
    const names = new Set([
      ...own.map(({ name }) => name),
      ...configured.map(({ prefix }) => hostOf(prefix)),
      ...logins.map(({ name }) => hostOf(name)),
      ...pushes.map(({ destination }) => registryOf(destination)),
      ...withCertificates,
    ]);
    const known = [...names].filter((name) => registryNameProblem(name) === undefined).sort();
    return Promise.all(known.map((name) => this.#describe(name, { own, configured, logins, pushes, paths })));
  }

  async #describe(name: string, known: Known): Promise<Registry> {
    const own = known.own.find((each) => each.name === name);
    const { tls, mirrors, blockedBy, file, ...files } = settingsFor(own, known.configured, {
      registry: name,
      repository: '',
    });
    const certificates = await registryCertificateFiles(hostNamesOf(name), known.paths);
    const push = known.pushes.find(({ destination }) => registryOf(destination) === name);
    const parts = known.configured.filter(({ prefix }) => hostOf(prefix) === name);
    return {
      name,
      tls,
      ...(own ? { own } : {}),
      mirrors: mirrors.map((mirror) => ({ location: mirror.location, ...(mirror.file ? { file: mirror.file } : {}) })),
      ...(blockedBy === undefined ? {} : { blockedBy }),
      certificates: [
        ...[files.ca, files.clientCertificate, files.clientKey].filter((path) => path !== undefined),
        ...certificates,
      ],
      files: [...new Set([...(file ? [file] : []), ...parts.map((part) => part.file)])],
      logins: known.logins.filter((login) => hostOf(login.name) === name).map(withoutFile),
      ...(push ? { pushedAt: push.at } : {}),
    };
  }

  /** @throws Failure `registry.exists`, `input.invalid`, `settings.*` */
  async add(change: CallRequest<'registries.add'>): Promise<RegistrySettings> {
    return this.#changed(await this.#options.settings.change(change, { isNew: true }));
  }

  /** @throws Failure `input.invalid`, `settings.*` */
  async set(change: CallRequest<'registries.set'>): Promise<RegistrySettings> {
    return this.#changed(await this.#options.settings.change(change, { isNew: false }));
  }

  /** @throws Failure `registry.unknown`, `settings.*` */
  async remove(name: string): Promise<void> {
    this.#changed(await this.#options.settings.remove(name));
  }

  /** @throws the reason of the signal */
  async check(
    { name, repository }: CallRequest<'registries.check'>,
    signal: AbortSignal,
  ): Promise<CallOutput<'registries.check'>> {
    const last = (await this.#options.pushes()).find(({ destination }) => registryOf(destination) === name);
    const pushed = last && parseReference(last.destination);
    const known = repository ?? (typeof pushed === 'object' ? pushed.repository : '');
    return checkRegistry({ registry: name, repository: known, source: this.source(), signal });
  }

  /** Those that are used first come first. @throws Failure `settings.*` */
  async logins(): Promise<RegistryLogin[]> {
    return (await this.#allLogins()).map(withoutFile);
  }

  /** @throws Failure `registry.*`, `input.invalid`, `secrets.unavailable`, `settings.*`; the reason of the signal */
  async login(
    { name, username, password, store: wanted, tlsVerify = true }: CallRequest<'registries.login'>,
    signal: AbortSignal,
  ): Promise<CallOutput<'registries.login'>> {
    const { logins } = this.#options;
    const store = wanted ?? (logins.keeps ? 'barnraiser' : 'podman');
    if (store === 'barnraiser' && !logins.keeps) {
      throw fail(
        'secrets.unavailable',
        'Barnraiser cannot keep a login here.',
        `${logins.refusal} Keep the login in the file of podman or docker.`,
      );
    }
    const [registry = '', ...path] = name.split('/');
    const request = { registry, repository: path.join('/'), credentials: this.source(), tlsVerify, signal };
    const { secret, checked } = await trySignIn({ ...request, username, password });
    signal.throwIfAborted();
    if (store === 'barnraiser') {
      await logins.save(name, secret);
    } else {
      await saveInFile(store, name, secret, this.source());
    }
    this.#options.onChange();
    const saved = (await this.#allLogins()).find((login) => login.name === name && login.store === store);
    return { name, username, store, keptIn: saved?.keptIn ?? store, checked };
  }

  /** @throws Failure `registry.unknown`, `registry.credentials`, `settings.*` */
  async logout({ name, store }: CallRequest<'registries.logout'>): Promise<CallOutput<'registries.logout'>> {
    const all = await this.#allLogins();
    const ofName = all.filter((login) => name === undefined || login.name === name);
    const [used] = ofName;
    const from: LoginStore | undefined = store ?? (name === undefined ? 'barnraiser' : used?.store);
    const removed = ofName.filter((login) => login.store === from);
    if (name !== undefined && removed.length === 0) {
      throw fail(
        'registry.unknown',
        `There is no login for ${name}${store ? ` in ${storeNames[store]}` : ''}.`,
        'Check its name in the list of logins.',
      );
    }
    for (const { name: each, file } of removed) {
      await (file === undefined ? this.#options.logins.remove(each) : removeFromFile(file, each, this.source()));
    }
    this.#options.onChange();
    const left = (await this.#allLogins()).find((login) => login.name === name);
    return { removed: removed.map(withoutFile), ...(left ? { left: withoutFile(left) } : {}) };
  }

  async #allLogins(): Promise<FoundLogin[]> {
    const [own, inFiles] = await Promise.all([this.#options.logins.list(), loginsInFiles(this.source())]);
    return [...own, ...inFiles];
  }

  #changed<T>(result: T): T {
    this.#options.onChange();
    return result;
  }
}

interface Known {
  readonly own: readonly RegistrySettings[];
  readonly configured: readonly ConfiguredRegistry[];
  readonly logins: readonly FoundLogin[];
  readonly pushes: readonly PushRecord[];
  readonly paths: SystemPaths;
}

const storeNames: Readonly<Record<LoginStore, string>> = {
  barnraiser: 'Barnraiser',
  podman: "podman's file",
  docker: "docker's file",
};

function withoutFile({ file: _, ...login }: FoundLogin): RegistryLogin {
  return login;
}

function hostOf(name: string): string {
  return normalRegistryName(name.split('/')[0] ?? '');
}

function registryOf(destination: string): string {
  const reference = parseReference(destination);
  return typeof reference === 'object' ? hostOf(reference.registry ?? '') : '';
}

/** The registries that have a folder with certificates. */
async function registriesWithCertificates(paths: SystemPaths): Promise<string[]> {
  const folders = certificateFolders('', paths);
  const names = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isDirectory()).map((entry) => normalRegistryName(entry.name));
    }),
  );
  return names.flat();
}
