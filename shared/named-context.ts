/** The values of additional build contexts, as buildx and podman have them, and those of our own. */
import { fail } from './failure.ts';
import { isGitUrl, withoutLogin } from './git-url.ts';

export type NamedContextValue =
  /** A folder or an archive of this computer, or a git repository. */
  | { readonly kind: 'folder' | 'git'; readonly source: string }
  /** An image that nodes pull. */
  | { readonly kind: 'image'; readonly reference: string }
  /** An archive that nodes download. */
  | { readonly kind: 'url'; readonly url: string }
  /** An OCI layout of this computer, and which image of it: a tag or a digest. */
  | { readonly kind: 'layout'; readonly path: string; readonly image?: string }
  /** An image of local storage, by its reference or the build that made it. */
  | { readonly kind: 'list'; readonly reference: string }
  | { readonly kind: 'build'; readonly id: string };

const imagePrefix = /^(?:docker-image|container-image|docker):\/\//;

/** @throws Failure `input.invalid` */
export function parseNamedContext(name: string, value: string): NamedContextValue {
  const invalid = (reason: string, fix: string): Error =>
    fail('input.invalid', `The build context ${name}=${withoutLogin(value)} cannot be used: ${reason}.`, fix);
  if (!/^[A-Za-z0-9][\w./:@-]*$/.test(name)) {
    throw invalid('its name has other characters than a stage or an image', 'Use letters, digits and . _ - / : @.');
  }
  if (imagePrefix.test(value)) {
    const reference = value.replace(imagePrefix, '');
    if (!/^[\w./:@-]+$/.test(reference)) {
      throw invalid('it names no image', 'Write docker-image://REFERENCE.');
    }
    return { kind: 'image', reference };
  }
  if (value.startsWith('oci-layout://')) {
    const [, path = '', digest, tag] =
      /^(.*?)(?:@(sha256:[0-9a-f]{64})|:([\w][\w.-]{0,127}))?$/.exec(value.slice('oci-layout://'.length)) ?? [];
    const selected = digest ?? tag;
    if (path === '') {
      throw invalid('it names no folder', 'Write oci-layout:///folder:TAG or oci-layout:///folder@DIGEST.');
    }
    return { kind: 'layout', path, ...(selected === undefined ? {} : { image: selected }) };
  }
  if (/^(?:list|build):[^/\\]/.test(value)) {
    const rest = value.slice(value.indexOf(':') + 1);
    return value.startsWith('list:') ? { kind: 'list', reference: rest } : { kind: 'build', id: rest };
  }
  if (isGitUrl(value)) {
    return { kind: 'git', source: value };
  }
  if (/^https?:\/\//.test(value)) {
    if (withoutLogin(value) !== value) {
      throw invalid('its login would be kept with the build and sent to the nodes', 'Download it, and use the file.');
    }
    return { kind: 'url', url: value };
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(value)) {
    throw invalid('it is of no known kind', 'Use a folder, docker-image://, oci-layout://, https://, list: or build:.');
  }
  return { kind: 'folder', source: value };
}
