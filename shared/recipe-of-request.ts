import { isChanged, type RequestOptionName, requestOptionNames } from './build-options.ts';
import { formatSecret, formatSsh } from './build-secrets.ts';
import type { CallInput } from './contract.ts';
import { recipeVersion } from './recipe.ts';

/** The settings of a request that a recipe keeps: what is not a default. Paths in the project become relative to it. */
export function recipeOfRequest(request: CallInput<'builds.start'>): CallInput<'recipes.save'>['recipe'] {
  const { context, reference, farm, connections, platforms, pins = {}, push, automatic } = request;
  const relative = (path: string): string => (path.startsWith(`${context}/`) ? path.slice(context.length + 1) : path);
  const own: ReadonlySet<RequestOptionName> = new Set([
    'file',
    'files',
    'filesFor',
    'sources',
    'secrets',
    'ssh',
    'contexts',
  ]);
  const options = requestOptionNames.filter((name) => !own.has(name) && isChanged(name, request[name]));
  const { file, files, filesFor, sources, secrets, ssh, contexts } = request;
  const mapped = <V>(values: Readonly<Record<string, V>>, change: (value: V) => V): Record<string, V> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
  return {
    version: recipeVersion,
    reference,
    ...(farm === undefined ? {} : { farm }),
    ...(connections === undefined ? {} : { connections: [...connections] }),
    ...(platforms === undefined ? {} : { platforms: [...platforms] }),
    ...(Object.keys(pins).length === 0 ? {} : { pins }),
    ...(push?.destination === undefined ? {} : { push }),
    ...(automatic === undefined ? {} : { automatic }),
    ...(file === undefined ? {} : { file: relative(file) }),
    ...(files === undefined || files.length === 0 ? {} : { files: files.map(relative) }),
    ...(filesFor === undefined ? {} : { filesFor: mapped(filesFor, relative) }),
    ...(sources === undefined || sources.length === 0
      ? {}
      : { sources: sources.map(({ from, to }) => ({ from: relative(from), to })) }),
    ...(contexts === undefined ? {} : { contexts: mapped(contexts, relative) }),
    ...(secrets === undefined || secrets.length === 0
      ? {}
      : {
          secrets: secrets.map((secret) =>
            formatSecret(
              secret.source.kind === 'file'
                ? { ...secret, source: { kind: 'file', path: relative(secret.source.path) } }
                : secret,
            ),
          ),
        }),
    ...(ssh === undefined || ssh.length === 0 ? {} : { ssh: ssh.map(formatSsh) }),
    ...Object.fromEntries(options.map((name) => [name, request[name]])),
  };
}
