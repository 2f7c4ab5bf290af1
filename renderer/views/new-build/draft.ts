import { type Automatic, wantsAutomatic } from '../../../shared/automatic-options.ts';
import type { BuildRequest } from '../../../shared/build.ts';
import { type OptionValues, optionsOf } from '../../../shared/build-options.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { formatList, pluralText } from '../../../shared/format.ts';
import { isGitUrl } from '../../../shared/git-url.ts';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import type { ProblemActionId } from '../../../shared/problem-action.ts';
import { checkDestination } from '../push/destination.ts';
import { noOptions, type OptionDraft, setOptions } from './options/option-draft.ts';

/** Whether the image is pushed when it is built. */
export interface PushDraft {
  readonly isOn: boolean;
  readonly destination: string;
  /** Plain HTTP and certificates that are not trusted are allowed. */
  readonly insecure: boolean;
  /** Nodes push their images themselves. */
  readonly direct: boolean;
  /** Further destinations, one a line. Nodes push to one only. */
  readonly more?: string;
}

/** What was chosen of it. The rest is as proposed. */
export interface PushChoice extends Partial<PushDraft> {
  /** The reference for which the destination was entered. */
  readonly enteredFor?: string;
}

/** The values of the form. An undefined value has a default that depends on the project and the nodes. */
export interface BuildDraft extends OptionDraft {
  readonly context: string | undefined;
  /** The Containerfile, relative to the context or absolute. The default is the first one that is found. */
  readonly file: string | undefined;
  /** The content of a Containerfile that is in no file, of a build that is repeated. Used if there is no `file`. */
  readonly containerfile: string | undefined;
  readonly reference: string | undefined;
  readonly farm: string | undefined;
  /** A list of nodes instead of a farm. Builds started in the terminal may have one. */
  readonly connections: readonly string[] | undefined;
  readonly platforms: readonly Platform[] | undefined;
  /** The platforms without which the build is done all the same. */
  readonly optionalPlatforms: readonly Platform[];
  readonly pins: Readonly<Record<string, string>>;
  /** What the build gets from git. */
  readonly automatic: Automatic;
  readonly push: PushChoice;
  /** Fields of a build that is repeated for which the form has nothing. */
  readonly others: Partial<BuildRequest>;
}

export const emptyDraft: BuildDraft = {
  context: undefined,
  file: undefined,
  containerfile: undefined,
  reference: undefined,
  farm: undefined,
  connections: undefined,
  platforms: undefined,
  optionalPlatforms: [],
  pins: {},
  automatic: {},
  push: {},
  others: {},
  ...noOptions,
};

/** What actions of problems change, by their id, and what takes newer base images. */
const optionsOfActions: Readonly<Partial<Record<ProblemActionId | 'pull-newer', OptionValues>>> = {
  'allow-emulation': { emulate: true },
  'allow-platform-mismatch': { allowPlatformMismatch: true },
  'use-docker-format': { format: 'docker' },
  'pull-newer': { pull: 'newer' },
};

/** A draft after an action. The same if the action changes none. @param id as a route has it */
export function applyAction<T extends OptionDraft>(draft: T, id: string | undefined): T {
  const options = Object.entries(optionsOfActions).find(([key]) => key === id)?.[1] ?? {};
  return { ...draft, ...setOptions(draft, options) };
}

/** The draft that repeats a build. */
export function toDraft(request: BuildRequest): BuildDraft {
  // a person starts it now
  const { trigger: _, ...own } = request;
  const { context, file, containerfile, reference, farm, connections, platforms, ...others } = own;
  const { optionalPlatforms = [], pins, push, automatic, ...rest } = others;
  const options = optionsOf(rest);
  return {
    context,
    file: file === undefined ? undefined : toRelativePath(context, file),
    containerfile,
    reference,
    farm,
    connections,
    platforms: platforms && [...new Set([...platforms, ...optionalPlatforms])],
    optionalPlatforms,
    pins,
    automatic: automatic ?? {},
    push: push
      ? {
          isOn: true,
          destination: push.destination ?? reference,
          enteredFor: reference,
          insecure: !push.tlsVerify,
          direct: push.direct ?? false,
          ...(push.more ? { more: push.more.join('\n') } : {}),
        }
      : { isOn: false },
    others: Object.fromEntries(Object.entries(rest).filter(([name]) => !Object.hasOwn(options, name))),
    ...setOptions(noOptions, options),
  };
}

/** The part of a build request that says which files are built. */
export function toSourceRequest(
  { file, containerfile }: Pick<BuildDraft, 'file' | 'containerfile'>,
  context: string,
): CallInput<'projects.automatic'> {
  return {
    context,
    ...(file !== undefined
      ? { file: toAbsolutePath(context, file) }
      : containerfile === undefined
        ? {}
        : { containerfile }),
  };
}

/** The part of a build request that says what is built. */
export function toProjectRequest(
  draft: Pick<BuildDraft, 'file' | 'containerfile' | 'options'>,
  context: string,
): CallInput<'projects.inspect'> {
  const { target, format } = draft.options;
  return {
    ...toSourceRequest(draft, context),
    ...(target ? { target } : {}),
    ...(format ? { format } : {}),
  };
}

/** @param reference @param platforms @param push the effective values, including defaults */
export function toBuildRequest(
  draft: BuildDraft,
  context: string,
  reference: string,
  platforms: readonly Platform[],
  push: PushDraft = { isOn: false, destination: '', insecure: false, direct: false },
): CallInput<'builds.start'> {
  const pinned = Object.entries(draft.pins).filter(([platform]) => platforms.some((other) => other === platform));
  const optional = draft.optionalPlatforms.filter((platform) => platforms.includes(platform));
  return {
    ...draft.others,
    ...draft.options,
    ...toProjectRequest(draft, context),
    reference,
    ...(draft.connections ? { connections: [...draft.connections] } : draft.farm ? { farm: draft.farm } : {}),
    ...(platforms.length > 0 ? { platforms: [...platforms] } : {}),
    ...(optional.length > 0 ? { optionalPlatforms: optional } : {}),
    pins: Object.fromEntries(pinned),
    ...(wantsAutomatic(draft.automatic) ? { automatic: draft.automatic } : {}),
    ...(push.isOn
      ? {
          push: {
            destination: push.destination.trim(),
            tlsVerify: !push.insecure,
            ...(push.direct ? { direct: true } : furtherDestinations(push)),
          },
        }
      : {}),
  };
}

function furtherDestinations({ more = '' }: PushDraft): { more?: string[] } {
  const named = more.split(/\s+/).filter((each) => each !== '');
  return named.length > 0 ? { more: named } : {};
}

/** Why the further destinations are not valid, or one of them is named twice. */
export function moreProblem({ isOn, direct, destination, ...push }: PushDraft): string | undefined {
  const checked = [destination, ...(furtherDestinations({ isOn, direct, destination, ...push }).more ?? [])].map(
    checkDestination,
  );
  const wrong = checked.slice(1).find((each) => each.kind === 'invalid');
  if (!isOn || direct || wrong?.kind === 'invalid') {
    return isOn && !direct && wrong?.kind === 'invalid' ? wrong.problem : undefined;
  }
  const names = checked.flatMap((each) => (each.kind === 'valid' ? each.text : []));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `${twice} is named twice.`;
}

/** Pins a platform to a node; undefined removes the pin. */
export function setPin(pins: BuildDraft['pins'], platform: Platform, node: string | undefined): BuildDraft['pins'] {
  const { [platform]: _, ...others } = pins;
  return node === undefined ? others : { ...others, [platform]: node };
}

export interface PlatformEntry {
  /** The valid platforms that are not selected yet. */
  readonly platforms: readonly Platform[];
  /** What is not valid, to be corrected. */
  readonly rest: string;
  readonly error?: string;
}

/** Parses platforms that were typed or pasted, separated by commas, spaces or line ends. */
export function parsePlatformEntry(text: string, selected: readonly Platform[]): PlatformEntry {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const invalid = words.filter((word) => !parsePlatform(word));
  const valid = [...new Set(words.flatMap((word) => parsePlatform(word) ?? []))];
  const platforms = valid.filter((platform) => !selected.includes(platform));
  const rest = invalid.join(', ');
  if (rest !== '') {
    return {
      platforms,
      rest,
      error: pluralText(
        invalid.length,
        `“${rest}” is not a valid platform. Enter os/arch or os/arch/variant, for example linux/arm/v7.`,
        `“${rest}” are not valid platforms. Enter os/arch or os/arch/variant, for example linux/arm/v7.`,
      ),
    };
  }
  const names = formatList(valid);
  return platforms.length === 0 && valid.length > 0
    ? {
        platforms,
        rest,
        error: pluralText(valid.length, `${names} is already selected.`, `${names} are already selected.`),
      }
    : { platforms, rest };
}

const isAbsolute = (path: string): boolean => /^([/\\]|[A-Za-z]:[/\\])/.test(path);

/** In a repository, paths start at the project. */
export function toAbsolutePath(context: string, file: string): string {
  return isAbsolute(file) || isGitUrl(context) ? file : `${context.replace(/[/\\]$/, '')}/${file}`;
}

/** The path of a file relative to the context if it is in there. */
export function toRelativePath(context: string, file: string): string {
  const folder = `${context.replace(/[/\\]$/, '')}/`;
  return file.startsWith(folder) ? file.slice(folder.length) : file;
}
