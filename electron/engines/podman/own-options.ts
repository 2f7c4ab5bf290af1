/** Options that podman's API takes in a form of its own. Source: containers/podman, pkg/api/handlers/compat/images_build.go. */

import { compareVersions } from '../../../shared/format.ts';
import { cacheRepository, remoteCaches } from '../../../shared/remote-cache.ts';
import { hostAddress, ulimitOf } from '../../../shared/step-limits.ts';
import type { EngineBuild } from '../engine.ts';
import type { BuildMark } from './stop-build.ts';

/** Before, it takes one cache, and no JSON. */
const severalCachesSince = '4.4';

/** buildah's network policy and namespace. Steps have the network of the node if no namespace is named. */
const networks = {
  none: { networkmode: '1', nsoptions: JSON.stringify([{ Name: 'network', Host: false, Path: '' }]) },
  host: { networkmode: '2', nsoptions: JSON.stringify([{ Name: 'network', Host: true, Path: '' }]) },
} as const;

interface OwnParameters {
  readonly parameters: Readonly<Record<string, string>>;
  /** What podman leaves out. */
  readonly notes: readonly string[];
}

/** The parameters of those options that are more than a parameter of the table. @param version podman's */
export function ownParameters(build: EngineBuild, mark: BuildMark, version: string): OwnParameters {
  const { addHosts = [], network, squash } = build;
  const hosts = addHosts.flatMap((text) => hostAddress(text) ?? []);
  const from = cacheParameter('cachefrom', build.cacheFrom, build, version);
  const to = cacheParameter('cacheto', build.cacheTo, build, version);
  return {
    parameters: {
      ...(hosts.length > 0 ? { extrahosts: JSON.stringify(hosts.map(({ host, ip }) => `${host}:${ip}`)) } : {}),
      ...(network === 'none' || network === 'host' ? networks[network] : {}),
      // without layers, podman joins the new ones and keeps those of the base image; its `squash` joins these, too
      ...(squash ? { layers: '0' } : {}),
      ...securityParameters(build.securityOpts),
      ...limitParameters(build, mark),
      ...from.parameters,
      ...to.parameters,
    },
    notes: [...from.notes, ...to.notes],
  };
}

function securityParameters(options: readonly string[] = []): Record<string, string> {
  const values = (name: string): string[] =>
    options.filter((text) => text.startsWith(`${name}=`)).map((text) => text.slice(name.length + 1));
  const [labels, seccomp, apparmor] = [values('label'), values('seccomp').at(-1), values('apparmor').at(-1)];
  return {
    ...(labels.length > 0 ? { labelopts: JSON.stringify(labels) } : {}),
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(apparmor === undefined ? {} : { apparmor }),
  };
}

/** The size of /dev/shm is the mark of the build, unless it was asked for: then a limit is. */
function limitParameters({ ulimits = [], shmSize }: EngineBuild, mark: BuildMark): Record<string, string> {
  const limits = ulimits.flatMap((text) => ulimitOf(text) ?? []);
  const isMarked = shmSize === undefined || limits.some(({ name }) => name === 'rttime');
  const texts = [
    ...limits.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`),
    ...(isMarked ? [] : [`rttime=${mark.rttime}:${mark.rttime}`]),
  ];
  return {
    shmsize: String(shmSize ?? mark.shmSize),
    ...(texts.length > 0 ? { ulimits: JSON.stringify(texts) } : {}),
  };
}

function cacheParameter(
  name: string,
  values: readonly string[] | undefined,
  { platform }: EngineBuild,
  version: string,
): OwnParameters {
  const repositories = remoteCaches(values).map((cache) => cacheRepository(cache, platform));
  const [first, ...others] = repositories;
  if (first === undefined) {
    return { parameters: {}, notes: [] };
  }
  if (compareVersions(version, severalCachesSince) >= 0) {
    return { parameters: { [name]: JSON.stringify(repositories) }, notes: [] };
  }
  const note = `podman ${version} uses only one cache. It leaves out ${others.join(', ')}.`;
  return { parameters: { [name]: first }, notes: others.length > 0 ? [note] : [] };
}
