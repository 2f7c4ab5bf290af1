import { z } from 'zod';
import { platformParts } from '../../../shared/platform.ts';
import { type EngineApi, firstLine } from '../api/engine-api.ts';
import { jsonLines } from '../api/json-lines.ts';
import { registryConfigHeader } from '../api/registry-config.ts';
import type { BaseName } from '../engine.ts';
import type { RegistryLogin } from '../registry-login.ts';

const messageSchema = z.object({
  error: z.string().optional(),
  id: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .catch(undefined),
});

/**
 * Pulls an image as a build does that needs it for a platform: the node finds and asks the registry by its own configuration.
 * The name then means this image on the node. What the node has of it is not transferred again.
 * @returns the id of the image
 * @throws Failure `engine.*`, such as for a registry that cannot be asked
 */
export async function pullImage(
  podman: EngineApi,
  { name, platform }: BaseName,
  logins: readonly RegistryLogin[],
  signal: AbortSignal,
): Promise<string> {
  const action = 'pull an image';
  const { os, architecture, variant } = platformParts(platform);
  const query = new URLSearchParams({
    reference: name,
    policy: 'always',
    quiet: '1',
    OS: os,
    Arch: architecture,
    ...(variant === undefined ? {} : { Variant: variant }),
  });
  const path = `images/pull?${query}`;
  const stream = await podman.openStream(action, { method: 'POST', path, headers: loginHeaders(logins), signal });
  let id: string | undefined;
  let error: string | undefined;
  try {
    for await (const message of jsonLines(stream, messageSchema, podman.node)) {
      id = message.id ?? id;
      error = message.error ?? error;
    }
  } catch (problem) {
    throw podman.toFailure(problem, action, signal);
  }
  if (error !== undefined || id === undefined) {
    throw podman.refusedProblem(action, firstLine(error ?? 'it reported no image'));
  }
  return id;
}

export function loginHeaders(logins: readonly RegistryLogin[]): Record<string, string> {
  return registryConfigHeader(logins, 'docker.io');
}
