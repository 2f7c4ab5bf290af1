import { PackageURL } from 'packageurl-js';
import type { Digest, Reference } from '../../../shared/image.ts';
import type { Package } from '../../../shared/packages.ts';
import { type Platform, platformParts } from '../../../shared/platform.ts';

type Qualifiers = Record<string, string>;

/** The package URL of a package, by which scanners look it up. @param release the fields of `os-release` */
export function packageUrl(each: Package, release: Readonly<Record<string, string>>): string {
  const { kind, name, version } = each;
  switch (kind) {
    case 'deb':
    case 'apk':
    case 'rpm':
      return systemPackageUrl(each, release);
    case 'npm':
    case 'golang': {
      const slash = name.lastIndexOf('/');
      const namespace = slash < 0 ? undefined : name.slice(0, slash);
      return new PackageURL(kind, namespace, name.slice(slash + 1), version, undefined, undefined).toString();
    }
    case 'pypi':
      return new PackageURL(kind, undefined, name, version, undefined, undefined).toString();
  }
}

/** Source: purl-spec, the types deb, apk and rpm. `upstream` is what syft calls the source package. */
function systemPackageUrl(
  { kind, name, version = '', architecture, source }: Package,
  { ID: id, VERSION_ID: versionId, VERSION_CODENAME: codename }: Readonly<Record<string, string>>,
): string {
  const distribution = id === undefined ? undefined : [id, versionId ?? codename].filter(Boolean).join('-');
  const [, epoch, plain = version] = (kind === 'rpm' && /^(\d+):(.*)$/.exec(version)) || [];
  const upstream =
    source &&
    (kind === 'rpm'
      ? `${source.name}-${source.version ?? plain}.src.rpm`
      : `${source.name}${source.version === undefined ? '' : `@${source.version}`}`);
  const qualifiers = Object.fromEntries(
    Object.entries({ arch: architecture, distro: distribution, epoch, upstream }).filter(([, value]) => value),
  ) as Qualifiers;
  return new PackageURL(
    kind,
    id ?? defaultNamespaces[kind],
    name,
    plain || undefined,
    qualifiers,
    undefined,
  ).toString();
}

const defaultNamespaces: Readonly<Record<string, string>> = { deb: 'debian', apk: 'alpine' };

/** The package URL of an image. Source: purl-spec, the type oci. */
export function imageUrl({ registry, repository, tag }: Reference, digest: Digest, platform: Platform): string {
  const { architecture } = platformParts(platform);
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  const qualifiers = { arch: architecture, ...(registry ? { repository_url: `${registry}/${repository}` } : {}), tag };
  return new PackageURL('oci', undefined, name, digest, qualifiers, undefined).toString();
}
