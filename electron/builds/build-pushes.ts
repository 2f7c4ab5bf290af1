/** The pushes of one build: to its destination, and to further ones, which get the same list. */
import type { BuildRequest } from '../../shared/build.ts';
import { furtherPushes } from '../../shared/further-pushes.ts';
import { formatReference, type Reference } from '../../shared/image.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import type { Push } from '../../shared/push.ts';
import type { BlobSize } from '../images/manifest.ts';
import { registryNames } from '../registry/credentials.ts';
import type { PushContent } from '../registry/push.ts';
import { PushOrder } from '../registry/push-order.ts';
import { type BuildPush, type Pushes, parseDestination } from '../registry/pushes.ts';
import type { RunningPush } from '../registry/running-push.ts';

type Repository = Pick<Reference, 'registry' | 'repository'>;

/** @throws Failure `reference.*`, `input.invalid` for destinations that are named twice */
export function destinationsOf(request: Pick<BuildRequest, 'reference' | 'furtherNames' | 'push'>): Reference[] {
  const { reference, push } = request;
  const destinations = [push?.destination, ...furtherPushes(request)].map((text) => parseDestination(reference, text));
  const names = destinations.map(formatReference);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw fail('input.invalid', `The destination ${twice} is named twice.`, 'Name each destination once.');
  }
  return destinations;
}

function isSameRepository(one: Repository, { registry = '', repository }: Repository): boolean {
  return one.registry === registry && one.repository === repository;
}

/**
 * In each registry, blobs go to one repository while platforms are still being built, and the others mount them at the end. Tags are set
 * when all destinations of a registry are complete.
 */
export class BuildPushes {
  readonly #all: readonly RunningPush[];
  readonly #order: PushOrder;
  /** Those that get blobs before the end. */
  readonly #early: readonly RunningPush[];

  private constructor(all: readonly RunningPush[], order: PushOrder, early: readonly RunningPush[]) {
    this.#all = all;
    this.#order = order;
    this.#early = early;
  }

  /** @throws Failure `call.cancelled` after the pushes were closed, `reference.*` */
  static async begin(
    pushes: Pick<Pushes, 'begin'>,
    destinations: readonly Reference[],
    options: Omit<BuildPush, 'destination' | 'isFurther' | 'beforeTag'>,
  ): Promise<BuildPushes> {
    const registries = destinations.map((each) => registryNames({ registry: '', ...each }).registry);
    const order = new PushOrder(registries);
    const all: RunningPush[] = [];
    const begin = (index: number, destination: Reference): Promise<RunningPush> => {
      const before = destinations
        .slice(0, index)
        .flatMap(({ registry = '', repository }) => ({ registry, repository }));
      const { tags, ...rest } = options;
      return pushes.begin({
        ...rest,
        destination,
        pulled: [...(options.pulled ?? []), ...before],
        beforeTag: () => order.beforeTag(index),
        // each tag gets those of its platforms, each repository the release
        ...(tags
          ? {
              tags: before.some((each) => isSameRepository(each, destination)) ? { ...tags, release: undefined } : tags,
            }
          : {}),
        ...(index === 0 ? {} : { isFurther: true }),
      });
    };
    try {
      for (const [index, destination] of destinations.entries()) {
        all.push(await begin(index, destination));
      }
    } catch (error) {
      await Promise.all(all.map((push) => push.cancel()));
      throw error;
    }
    const early = all.filter((_, index) => registries.indexOf(registries[index] ?? '') === index);
    return new BuildPushes(all, order, early);
  }

  /** To the destination of the build. */
  get first(): RunningPush {
    const [first] = this.#all;
    if (!first) {
      throw new RangeError('a build is pushed to one destination at least');
    }
    return first;
  }

  get further(): readonly RunningPush[] {
    return this.#all.slice(1);
  }

  add(blobs: readonly BlobSize[]): void {
    for (const push of this.#early) {
      push.add(blobs);
    }
  }

  /**
   * Never rejects: failures are the problems of the pushes.
   * @param storing no tag is set before it is done
   * @returns the push to the destination of the build
   */
  async finish(readContent: () => Promise<PushContent>, storing: Promise<unknown>): Promise<Push> {
    this.#order.tagAfter(storing);
    let content: Promise<PushContent> | undefined;
    const read = (): Promise<PushContent> => {
      content ??= readContent();
      return content;
    };
    const finishOne = async (push: RunningPush, index: number): Promise<Push> => {
      try {
        await this.#order.begin(index, push.ended);
        return await push.finish(read);
      } finally {
        this.#order.end(index);
      }
    };
    const [first] = await Promise.all(this.#all.map(finishOne));
    return first ?? this.first.push;
  }

  async cancel(reason?: Failure): Promise<void> {
    await Promise.all(this.#all.map((push) => push.cancel(reason)));
  }
}
