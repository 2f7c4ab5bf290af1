import { expand, globalArgs } from './base-image.ts';
import { findStage, keywordOf, parseStages, sourceNames } from './containerfile-steps.ts';
import type { EngineBuild } from './engine.ts';

/** A repository that a build may pull from. Docker Hub is `docker.io`. */
export interface NamedImage {
  readonly registry: string;
  readonly repository: string;
}

type Input = Parameters<typeof globalArgs>[0];

/**
 * The images that a Containerfile names: in FROM, `COPY --from`, `RUN --mount=from` and the directive `# syntax`. Names with
 * variables whose values are not known are left out.
 *
 * @param syntax the value of the directive
 */
export function namedImages(input: Input & Pick<EngineBuild, 'instructions'>, syntax?: string): NamedImage[] {
  const images = new Map([...imageNames(input), ...(syntax ? [syntax] : [])].map((name) => [name, imageOf(name)]));
  return [...images.values()].filter((image) => image !== undefined);
}

/** The same images as the Containerfile writes them, with the values of arguments, each once. Stages and `scratch` are none. */
export function imageNames(input: Input & Pick<EngineBuild, 'instructions'>): string[] {
  const args = globalArgs(input);
  const stages = parseStages(input.instructions);
  const names = stages.flatMap(({ instructions }, index) =>
    instructions
      .flatMap(({ text }) => sourceNames(text).map((name) => ({ name, isFrom: keywordOf(text) === 'FROM' })))
      .flatMap(({ name, isFrom }) => {
        const expanded = expand(name, args);
        const isStage = expanded && findStage(stages.slice(0, index), expanded, !isFrom) !== undefined;
        return expanded && !isStage && expanded !== 'scratch' ? [expanded] : [];
      }),
  );
  return [...new Set(names)];
}

/** As docker reads names: the first part is a registry if it looks like a host. */
export function imageOf(name: string): NamedImage | undefined {
  const [path = ''] = name.toLowerCase().split('@');
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(0, slash));
  const isHost = /[.:]/.test(first) || first === 'localhost';
  const repository = (isHost ? path.slice(slash + 1) : path).replace(/:[\w.-]*$/, '');
  const isValid =
    /^[a-z0-9][a-z0-9._/-]*$/.test(repository) &&
    (!isHost || /^[\da-z][\w.-]*(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/.test(first));
  return isValid ? { registry: isHost ? first : 'docker.io', repository } : undefined;
}
