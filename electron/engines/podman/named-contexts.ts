/**
 * Additional build contexts on podman. It takes folders only from its own disk before 5.6, but images by name from 4.2 on: so files
 * become an image of one layer. An image that is there already is not sent again.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { platformParts } from '../../../shared/platform.ts';
import type { ContextSource } from '../../context/context-source.ts';
import { tarOf } from '../../system/tar-of.ts';
import type { EngineApi } from '../api/engine-api.ts';
import { base64Url } from '../api/image-requests.ts';
import { loadArchive } from '../api/load-image.ts';
import { expand, globalArgs } from '../base-image.ts';
import { keywordOf, sourceNames } from '../containerfile-steps.ts';
import type { EngineBuild, NamedContext } from '../engine.ts';
import { contextImageName, contextImageRepository } from '../temporary-name.ts';
import { tagImage } from './images.ts';

export interface ContextImages {
  /** Of the query of the build. */
  readonly query: readonly (readonly [string, string])[];
  /** The names of images that earlier builds had under the same names of contexts. */
  readonly replaced: readonly string[];
  /** Those of this build. */
  readonly names: readonly string[];
}

const none: ContextImages = { query: [], replaced: [], names: [] };

/** @throws Failure `engine.*`, or of the context that cannot be read */
export async function loadContexts(
  podman: EngineApi,
  version: string,
  build: EngineBuild,
  signal: AbortSignal,
): Promise<ContextImages> {
  const contexts = Object.entries(build.contexts ?? {});
  if (contexts.length === 0) {
    return none;
  }
  const values: Record<string, { IsURL: boolean; IsImage: boolean; Value: string }> = {};
  const names: string[] = [];
  const replaced: string[] = [];
  for (const [name, context] of contexts) {
    if (context.kind === 'url' || context.kind === 'image') {
      const isImage = context.kind === 'image';
      const value = isImage ? context.reference : context.url;
      values[name] = { IsURL: !isImage, IsImage: isImage, Value: value };
      continue;
    }
    const repository = contextImageRepository(build.tag, name);
    const { digest } = context;
    const hash = createHash('sha256')
      .update(`${typeof digest === 'string' ? digest : await digest()} ${build.platform}`)
      .digest('hex');
    const there = await listNames(podman, repository, signal);
    const found = there.find((each) => each.startsWith(`${repository}:${hash.slice(0, 16)}-`));
    const image = found ?? contextImageName(repository, hash);
    if (found === undefined) {
      await bring(podman, image, context, build, signal);
    }
    names.push(image);
    replaced.push(...there.filter((each) => each !== found));
    values[name] = { IsURL: false, IsImage: true, Value: image };
  }
  return { query: queryOf(version, withVariables(build, values)), replaced, names };
}

/** podman looks for the name of a context before it replaces the variables of FROM: a context also gets the name with them. */
function withVariables<T>(build: EngineBuild, values: Readonly<Record<string, T>>): Record<string, T> {
  const args = globalArgs({ ...build, nodePlatform: build.platform });
  const written = build.instructions
    .filter(({ text }) => keywordOf(text) === 'FROM')
    .flatMap(({ text }) => sourceNames(text).filter((name) => name.includes('$')));
  const named = written.flatMap((name) => {
    const value = values[expand(name, args) ?? ''];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...values, ...Object.fromEntries(named) };
}

/** From 5.6 on, each context is a parameter of its own. */
function queryOf(
  version: string,
  values: Readonly<Record<string, { IsURL: boolean; IsImage: boolean; Value: string }>>,
): [string, string][] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 6)
    ? Object.entries(values).map(([name, { IsImage, Value }]) => [
        'additionalbuildcontexts',
        `${name}=${IsImage ? 'image' : 'url'}:${Value}`,
      ])
    : [['additionalbuildcontexts', JSON.stringify(values)]];
}

async function bring(
  podman: EngineApi,
  name: string,
  context: Extract<NamedContext, { readonly kind: 'folder' | 'stored' | 'archive' }>,
  build: EngineBuild,
  signal: AbortSignal,
): Promise<void> {
  switch (context.kind) {
    case 'folder':
      await load(podman, await folderArchive(context.source, name, build), signal);
      return;
    case 'archive':
      await load(podman, context.open(name), signal);
      return;
    case 'stored':
      return pull(podman, name, context, signal);
  }
}

const namesSchema = z.array(z.object({ RepoTags: z.array(z.string()).nullish() })).nullable();

async function listNames(podman: EngineApi, repository: string, signal: AbortSignal): Promise<string[]> {
  const filters = JSON.stringify({ reference: [repository] });
  const path = `images/json?${new URLSearchParams({ filters })}`;
  const images = await podman.requestJson('list its images', namesSchema, { method: 'GET', path, signal });
  return (images ?? []).flatMap(({ RepoTags }) => RepoTags ?? []).filter((each) => each.startsWith(`${repository}:`));
}

function load(podman: EngineApi, archive: Readable, signal: AbortSignal): Promise<string> {
  const action = 'load a build context';
  return loadArchive(podman, action, archive, (body) => podman.readText(action, body, signal), signal);
}

const pulledSchema = z.object({ error: z.string().optional(), id: z.string().optional() });

/** Layers that the node has are not sent. The name is one of this computer, so the build looks into no registry for it. */
async function pull(
  podman: EngineApi,
  name: string,
  { digest, served }: Extract<NamedContext, { readonly kind: 'stored' }>,
  signal: AbortSignal,
): Promise<void> {
  const action = 'pull a build context';
  const { registry, repository, credentials } = served;
  const reference = `${registry}/${repository}@${digest}`;
  const query = new URLSearchParams({ reference, policy: 'always', quiet: '1', tlsVerify: 'false' });
  const text = await podman.readText(
    action,
    await podman.openStream(action, {
      method: 'POST',
      path: `images/pull?${query}`,
      headers: { 'X-Registry-Auth': base64Url(JSON.stringify(credentials)) },
      signal,
    }),
    signal,
  );
  const messages = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => podman.parse(action, pulledSchema, line));
  const id = messages.findLast((message) => message.id !== undefined)?.id;
  const error = messages.findLast((message) => message.error !== undefined)?.error;
  if (error !== undefined || id === undefined) {
    throw podman.refusedProblem(action, error ?? 'it reported no image');
  }
  await tagImage(podman, id, name);
}

/** The files of a context as a docker-archive of an image. It is the same for the same files. */
async function folderArchive(source: ContextSource, name: string, { platform }: EngineBuild): Promise<Readable> {
  const { packed } = source;
  if (!packed) {
    throw new Error('a build context has to be packed');
  }
  const [sha256, { bytes }] = await Promise.all([packed.digest('sha256'), packed.layout()]);
  const { os, architecture, variant } = platformParts(platform);
  const config = {
    ...{ os, architecture, ...(variant === undefined ? {} : { variant }), created: epoch, config: {} },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256}`] },
    history: [{ created: epoch, created_by: 'barnraiser' }],
  };
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  return tarOf([
    { name: 'manifest.json', text: JSON.stringify(manifest) },
    { name: 'config.json', text: JSON.stringify(config) },
    { name: 'layer.tar', size: bytes, open: () => packed.read(0) },
  ]);
}

const epoch = '1970-01-01T00:00:00Z';
