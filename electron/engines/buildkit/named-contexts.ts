/** Additional build contexts, as BuildKit's frontend takes them. Source: moby/buildkit, frontend/dockerui/namedcontext.go. */
import { createHash } from 'node:crypto';
import { fail } from '../../../shared/problem.ts';
import type { ContextSource } from '../../context/context-source.ts';
import type { EngineBuild } from '../engine.ts';
import type { RegistryLogin } from '../registry-login.ts';

export interface FrontendContexts {
  readonly attrs: Readonly<Record<string, string>>;
  /** By the names under which BuildKit asks for them. */
  readonly folders: ReadonlyMap<string, ContextSource>;
  readonly logins: readonly RegistryLogin[];
}

/** @throws Failure `engine.unsupported` for an image that the node has no way to */
export function frontendContexts({ contexts = {} }: Pick<EngineBuild, 'contexts'>, node: string): FrontendContexts {
  const attrs: Record<string, string> = {};
  const folders = new Map<string, ContextSource>();
  const logins: RegistryLogin[] = [];
  for (const [name, context] of Object.entries(contexts)) {
    switch (context.kind) {
      case 'folder': {
        const folder = `additional ${name}`;
        folders.set(folder, context.source);
        attrs[`context:${name}`] = `local:${folder}`;
        break;
      }
      case 'image':
        attrs[`context:${name}`] = `docker-image://${context.reference}`;
        break;
      case 'stored': {
        const { registry, repository, credentials } = context.served;
        attrs[`context:${name}`] = `docker-image://${registry}/${repository}@${context.digest}`;
        logins.push({ registry, credentials });
        break;
      }
      case 'url':
        attrs[`context:${name}`] = context.url;
        break;
      case 'archive':
        throw fail(
          'engine.unsupported',
          `Node ${node} cannot read the image of the build context ${name}, because no port of it leads here.`,
          'Allow reverse port forwarding on the node, or push the image to a registry and use docker-image://.',
        );
    }
  }
  return { attrs, folders, logins };
}

/** The key under which BuildKit keeps the files of all contexts of a build. */
export async function keyOfContexts({ contextKey, contexts = {} }: EngineBuild): Promise<string> {
  const named = Object.values(contexts).flatMap((context) => (context.kind === 'folder' ? [context.key()] : []));
  const [key, ...others] = await Promise.all([contextKey(), ...named]);
  return others.length === 0
    ? (key ?? '')
    : createHash('sha256')
        .update(JSON.stringify([key, ...others]))
        .digest('hex');
}
