import type { Materials } from '../../shared/build.ts';
import type { Engine } from '../engines/engine.ts';
import type { AttemptTracker } from './attempt-tracker.ts';
import type { BuildContexts } from './named-contexts.ts';

export interface MaterialsInput {
  readonly engine: Pick<Engine, 'cache'>;
  readonly tracker: Pick<AttemptTracker, 'state' | 'digests'>;
  /** The images that the Containerfile names. */
  readonly names: readonly string[];
  readonly contexts: Pick<BuildContexts, 'names' | 'fingerprint'>;
  readonly signal: AbortSignal;
}

/** What a job was made of that has just been built: as its engine has reported, or as it is on the node now. Never rejects. */
export async function findMaterials({ engine, tracker, names, contexts, signal }: MaterialsInput): Promise<Materials> {
  const { platform } = tracker.state;
  const reported = [...tracker.digests];
  const images = names.filter((name) => !contexts.names.includes(name));
  const own = await engine.cache
    ?.digests?.(
      images.map((name) => ({ name, platform })),
      signal,
    )
    .catch(() => undefined);
  const digestOf = (name: string): string =>
    own?.[name] ??
    reported.find(([other]) => isSameName(other, name))?.[1] ??
    /@(sha256:[0-9a-f]{64})$/.exec(name)?.[1] ??
    '';
  const found = await contexts.fingerprint(platform).catch(() => undefined);
  return {
    bases: Object.fromEntries(images.map((name) => [name, digestOf(name)])),
    ...(found && Object.keys(found).length > 0 ? { contexts: { ...found } } : {}),
  };
}

/** Engines add the registry and the tag that a name lacks. */
function isSameName(whole: string, name: string): boolean {
  return [name, `${name}:latest`].some((each) => whole === each || whole.endsWith(`/${each}`));
}
