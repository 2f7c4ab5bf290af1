/** The base image of a build's result: what the Containerfile says, and what the engine says of its platform. */
import { type Platform, parsePlatform, platformOf, platformParts, platformsRunBy } from '../../shared/platform.ts';
import type { Instruction } from '../../shared/project.ts';
import { findStage, keywordOf, parseStages, stepId } from './containerfile-steps.ts';
import type { EngineBuild, EngineOutput } from './engine.ts';

export interface BaseImage {
  /** As the Containerfile names it, with the values of arguments. `scratch` has no platform. */
  readonly name: string;
  /** The id of the step that gets it. */
  readonly stepId: string;
  /** The platform that its FROM instruction asks for, if it asks for one and its value is known. */
  readonly platform?: Platform;
}

/** What decides the base image. `nodePlatform` is that of the engine. */
type BaseImageInput = Pick<EngineBuild, 'instructions' | 'target' | 'buildArgs' | 'platform'> & {
  readonly nodePlatform: Platform;
};

/** The image below the stage that is built, through the stages in between. Undefined if it is not known. */
export function findBaseImage(input: BaseImageInput): BaseImage | undefined {
  const args = globalArgs(input);
  const stages = parseStages(input.instructions);
  let stage = input.target === undefined ? stages.length - 1 : findStage(stages, input.target);
  while (stage !== undefined && stages[stage]) {
    const from = /^\s*FROM\s+((?:--\S+\s+)*)(\S+)/i.exec(stages[stage]?.instructions[0]?.text ?? '');
    const name = expand(from?.[2] ?? '', args);
    if (!name) {
      return undefined;
    }
    // a stage is built on an earlier one, never on itself
    const earlier = findStage(stages.slice(0, stage), name, false);
    if (earlier === undefined) {
      const flag = /--platform=(\S+)/i.exec(from?.[1] ?? '')?.[1];
      const platform = parsePlatform((flag && expand(flag, args)) ?? '');
      return { name, stepId: stepId({ stage, number: 1 }), ...(platform ? { platform } : {}) };
    }
    stage = earlier;
  }
  return undefined;
}

/** The values that FROM instructions can use: arguments before the first of them, and those that engines set. */
export function globalArgs({
  instructions,
  buildArgs,
  platform,
  nodePlatform,
}: BaseImageInput): ReadonlyMap<string, string> {
  const args = new Map([...platformArgs('TARGET', platform), ...platformArgs('BUILD', nodePlatform)]);
  for (const { text } of instructions.slice(0, instructions.findIndex(isFrom))) {
    for (const [, name = '', value] of keywordOf(text) === 'ARG' ? declarationsIn(text) : []) {
      const given =
        (Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined) ??
        (value === undefined ? undefined : expand(value, args));
      if (given !== undefined) {
        args.set(name, given);
      }
    }
  }
  return args;
}

function isFrom({ text }: Instruction): boolean {
  return keywordOf(text) === 'FROM';
}

/** `NAME`, `NAME=value` and `NAME="a value"` of an ARG instruction. */
function declarationsIn(text: string): Iterable<RegExpExecArray> {
  return text.replace(/^\s*ARG\s/i, ' ').matchAll(/\s(\w+)(?:=("[^"]*"|'[^']*'|\S*))?(?=\s|$)/g);
}

function platformArgs(prefix: string, platform: Platform): [string, string][] {
  const { os, architecture, variant = '' } = platformParts(platform);
  return [
    [`${prefix}PLATFORM`, platform],
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant],
  ];
}

/** A text with the values of its variables. Undefined if one is not known, or is written in a way that is not known. */
export function expand(text: string, args: ReadonlyMap<string, string>): string | undefined {
  let isKnown = true;
  const expanded = text.replace(
    /\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^{}$]*))?\}|)/g,
    (_, short: string | undefined, long: string | undefined, operator: string | undefined, word = '') => {
      const name = short ?? long;
      const value = name === undefined ? undefined : args.get(name);
      const isSet = operator?.startsWith(':') ? Boolean(value) : value !== undefined;
      if (operator?.endsWith('+')) {
        return isSet ? word : '';
      }
      if (operator !== undefined && !isSet) {
        return word;
      }
      isKnown &&= value !== undefined;
      return value ?? '';
    },
  );
  return isKnown ? expanded.replace(/^(["'])(.*)\1$/, '$2') : undefined;
}

/** The platform of an image in a warning of podman 5 or BuildKit, or of podman 4, which prints Go structures. */
const warningPattern =
  /image platform \(([^)]{1,100})\) does not match the expected platform|was pulled with platform "([^"]{1,100})", expected/;

/**
 * The platform of an image that is not what an engine expected. podman may expect the platform of an earlier stage. Undefined
 * if the text is no such warning.
 */
export function platformInWarning(text: string): Platform | undefined {
  const [, podman, buildKit] = warningPattern.exec(text) ?? [];
  const found = podman ?? buildKit;
  return found === undefined ? undefined : readPlatform(found);
}

/** `linux/arm/v7`, or `{arm linux  [] v7}`: architecture, system, version of the system, its features, variant. */
function readPlatform(text: string): Platform | undefined {
  const [, architecture = '', os = '', variant = ''] = /^\{(\w+) (\w+) .*\] ?(\w*)\}$/.exec(text) ?? [];
  return architecture === '' ? parsePlatform(text) : platformOf({ os, architecture, variant });
}

/** Finds out during a build whether the base image of its result is for another platform. */
export class BaseImageCheck {
  readonly base: BaseImage | undefined;
  readonly #platform: Platform;
  #warned: Platform | undefined;

  constructor(input: BaseImageInput) {
    this.base = findBaseImage(input);
    this.#platform = input.platform;
  }

  read(output: EngineOutput): void {
    if (output.kind === 'warning' && this.base && this.#isOfBase(output.text, output.stepId)) {
      this.#warned = platformInWarning(output.text) ?? this.#warned;
    }
  }

  get isScratch(): boolean {
    return this.base?.name === 'scratch';
  }

  /** The platform of the base image, if the platform of the build does not run its programs. */
  get foreignPlatform(): Platform | undefined {
    const found = this.#warned ?? this.base?.platform;
    const isForeign = found && !this.isScratch && !platformsRunBy(this.#platform, false).includes(found);
    return isForeign ? found : undefined;
  }

  /** An image that only COPY takes files from may be for any platform. */
  #isOfBase(text: string, step: string | undefined): boolean {
    return step === undefined ? text.includes(this.base?.name ?? '') : step === this.base?.stepId;
  }
}
