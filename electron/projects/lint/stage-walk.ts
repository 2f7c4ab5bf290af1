/** Goes through the stages as a build does, with the values of their variables. */
import { closest } from '../../../shared/closest.ts';
import { parseReference } from '../../../shared/image.ts';
import { type Platform, parsePlatform, platformParts } from '../../../shared/platform.ts';
import type { ParsedInstruction } from '../parse-containerfile.ts';
import {
  type Arguments,
  flagValue,
  jsonList,
  listWords,
  readArguments,
  readDeclarations,
  readPairs,
  splitWords,
} from './arguments.ts';
import { type Findings, maxNameLength, shorten } from './findings.ts';
import { expandWord, SubstitutionError, type Variables } from './shell-word.ts';
import type { Stage, Stages } from './stages.ts';

/** What is known of an image from its registry. */
export interface ImageFacts {
  /** Empty if the image does not say it. */
  readonly platforms: readonly Platform[];
  /** Its variables, as `NAME=value`. Undefined if they were not read. */
  readonly env?: readonly string[] | undefined;
  /** It has a shell of its own for the shell form of instructions. */
  readonly hasShell?: boolean | undefined;
}

/** A source of a COPY or ADD that takes from the context. */
export interface ContextSource {
  readonly instruction: ParsedInstruction;
  readonly path: string;
}

export interface WalkInput {
  readonly stages: Stages;
  readonly needed: ReadonlySet<number>;
  /** Only stages that are needed are looked at. */
  readonly isTargeted: boolean;
  readonly escapeCharacter: string;
  /** Undefined: not known. */
  readonly buildArgs: Readonly<Record<string, string>> | undefined;
  /** Undefined: any. */
  readonly platform: Platform | undefined;
  /** Names of build contexts that are used as images are. */
  readonly contexts: ReadonlySet<string>;
  /** Undefined: nothing is known of it. */
  readonly imageFacts: (name: string, platform: Platform | undefined) => ImageFacts | undefined;
}

/** What a walk has found besides findings. */
export interface WalkResult {
  readonly sources: readonly ContextSource[];
  /** The images that stages are based on, by their name with the values of variables. */
  readonly bases: readonly BaseImage[];
}

export interface BaseImage {
  readonly from: ParsedInstruction;
  readonly name: string;
  /** Undefined: it is not known. */
  readonly platform: Platform | undefined;
}

/** What a stage hands on to a stage that is based on it. */
interface StageState {
  readonly variables: Map<string, string | undefined>;
  /** The variables of the base image are known. */
  isComplete: boolean;
  /** Arguments without a value. */
  readonly emptyArgs: Set<string>;
  hasWorkdir: boolean;
  hasShell: boolean;
}

const platformArgs = ['PLATFORM', 'OS', 'OSVERSION', 'ARCH', 'VARIANT'];
/** BuildKit's own switches, which are not variables of a stage. */
const switches = ['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE'];
/** Of the names in a stage, so many are compared with an unknown one. */
const maxComparedNames = 200;
/** Shorter names are too much alike. */
const minMisspelledLength = 4;

/** So many unknown names are compared with others. */
const maxComparisons = 1000;

const secretWord = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const publicWord = /(?:^|_)(?:public|file|version)(?:_|$)/i;

export function walkStages(input: WalkInput, findings: Findings): WalkResult {
  return new StageWalk(input, findings).run();
}

class StageWalk {
  readonly #input: WalkInput;
  readonly #findings: Findings;
  readonly #sources: ContextSource[] = [];
  readonly #bases: BaseImage[] = [];
  readonly #states: StageState[] = [];
  /** Arguments before the first FROM, and those that engines set. */
  readonly #globals: Map<string, string | undefined>;
  readonly #declaredGlobals = new Set<string>();
  /** Instructions with a word that cannot be read. */
  readonly #unreadable = new Set<ParsedInstruction>();
  #comparisons = 0;

  constructor(input: WalkInput, findings: Findings) {
    this.#input = input;
    this.#findings = findings;
    this.#globals = predefinedArgs(input.platform);
  }

  run(): WalkResult {
    const { stages, needed, isTargeted } = this.#input;
    const defaults = new Map(this.#globals);
    for (const instruction of stages.before) {
      this.#readGlobals(instruction, defaults);
    }
    for (const stage of stages.all) {
      this.#findings.isNeeded = needed.has(stage.index);
      const state = this.#readFrom(stage, defaults);
      this.#states.push(state);
      if (isTargeted && !needed.has(stage.index)) {
        continue;
      }
      const last = new Map<string, ParsedInstruction>();
      for (const instruction of stage.instructions) {
        if (this.#findings.isFull) {
          break;
        }
        this.#readInstruction(instruction, state, stage, last);
      }
    }
    this.#findings.isNeeded = true;
    return { sources: this.#sources, bases: this.#bases };
  }

  #readGlobals(instruction: ParsedInstruction, defaults: Map<string, string | undefined>): void {
    if (instruction.keyword !== 'ARG') {
      return;
    }
    const { buildArgs } = this.#input;
    for (const { key, value } of readDeclarations(this.#arguments(instruction).text, this.#input.escapeCharacter)) {
      this.#declaredGlobals.add(key);
      if (value !== undefined) {
        defaults.set(key, this.#expand(instruction, value, defaults)?.text);
      }
      if (buildArgs && Object.hasOwn(buildArgs, key)) {
        this.#globals.set(key, buildArgs[key]);
      } else if (value !== undefined) {
        this.#globals.set(key, buildArgs ? this.#expand(instruction, value, this.#globals)?.text : undefined);
      } else if (!buildArgs) {
        this.#globals.set(key, undefined);
      }
    }
  }

  /** The state in which a stage begins. */
  #readFrom(stage: Stage, defaults: Variables): StageState {
    const { from, base, index } = stage;
    const { contexts, stages, platform: buildPlatform } = this.#input;
    const expanded = this.#expand(from, base, this.#globals);
    for (const name of expanded?.undefined ?? []) {
      this.#undefinedInFrom(from, name, base, expanded?.text);
    }
    const platform = this.#platformOf(stage);
    const name = expanded?.text;
    const parent = name === undefined ? undefined : stages.find(name, index, false);
    // that FROM names nothing is an error of its own
    if (base !== '' && name !== undefined && !parent && expanded?.undefined.size === 0 && !isImageName(name)) {
      const [only] = expanded.used;
      this.#findings.add(
        'NoBaseImage',
        from,
        name === '' && only
          ? `${shorten(only)} is empty, so FROM has no image.`
          : `${shorten(name)} is not a valid name of an image.`,
        only
          ? { fix: `Give ${shorten(only)} a value that makes a name, as a build argument or in its ARG.` }
          : { fix: 'Correct the name after FROM.' },
      );
    }
    this.#lintDefault(from, base, defaults);
    if (/^[\w-]+$/.test(base) && !contexts.has(base)) {
      this.#misspelledStage(from, base, index);
    }
    if (parent) {
      const state = this.#states[parent.index];
      return state
        ? { ...state, variables: new Map(state.variables), emptyArgs: new Set(state.emptyArgs) }
        : emptyState(false);
    }
    if (name === undefined || name === 'scratch' || contexts.has(name) || !isImageName(name)) {
      return emptyState(name === 'scratch');
    }
    this.#bases.push({ from, name, platform });
    const facts = this.#input.imageFacts(name, platform ?? buildPlatform);
    const state = emptyState(facts?.env !== undefined);
    for (const pair of facts?.env ?? []) {
      const equals = pair.indexOf('=');
      state.variables.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    state.hasShell = facts?.hasShell ?? false;
    return state;
  }

  #undefinedInFrom(from: ParsedInstruction, name: string, base: string, text: string | undefined): void {
    if (this.#declaredGlobals.has(name)) {
      // an ARG without a value
      if (text === '' || (text !== undefined && !isImageName(text))) {
        const effect = text === '' ? 'FROM has no image' : 'the image of FROM is not valid';
        this.#findings.add('NoBaseImage', from, `The argument ${shorten(name)} has no value, so ${effect}.`, {
          fix: `Give it one with the build argument ${shorten(name)}, or a default in its ARG.`,
        });
      }
      return;
    }
    const suggestion = this.#similar(name, [...this.#declaredGlobals]);
    if (isWholePart(base, name)) {
      const [effect, value] =
        text === '' ? ['FROM has no image', 'IMAGE'] : ['the image of FROM is not valid', 'VALUE'];
      this.#findings.add(
        'UndefinedArgInFrom',
        from,
        `No ARG before the first FROM declares ${shorten(name)}, so ${effect}.`,
        {
          fix: suggestion
            ? `Did you mean ${suggestion}?`
            : `Add a line above the first FROM: ARG ${shorten(name)}=${value}`,
          severity: 'error',
        },
      );
    } else {
      this.#findings.add('UndefinedArgInFrom', from, `No ARG before the first FROM declares ${shorten(name)}.`, {
        ...(suggestion ? { fix: `Did you mean ${suggestion}?` } : {}),
      });
    }
  }

  /** Would FROM have an image without build arguments? */
  #lintDefault(from: ParsedInstruction, base: string, defaults: Variables): void {
    if (!base.includes('$')) {
      return;
    }
    const withDefaults = this.#expand(from, base, defaults);
    const text = withDefaults?.text;
    if (text !== undefined && !isImageName(text)) {
      this.#findings.add(
        'InvalidDefaultArgInFrom',
        from,
        `Without build arguments, ${shorten(base)} is not a valid name of an image.`,
      );
    }
  }

  /** The platform that a FROM asks for. Undefined for that of the build, and for one that is not known. */
  #platformOf({ from, name = '' }: Stage): Platform | undefined {
    const text = flagValue(this.#arguments(from), 'platform');
    const expanded = text === undefined ? undefined : this.#expand(from, text, this.#globals);
    if (!text || !expanded) {
      return undefined;
    }
    for (const variable of expanded.undefined) {
      const suggestion = this.#similar(variable, [...this.#globals.keys()]);
      this.#findings.add('UndefinedArgInFrom', from, `No ARG before the first FROM declares ${shorten(variable)}.`, {
        ...(suggestion ? { fix: `Did you mean ${suggestion}?` } : {}),
      });
    }
    if (/^\$(TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(text)) {
      this.#findings.add('RedundantTargetPlatform', from, `The platform of FROM is ${text} anyway.`);
    }
    const platform = expanded.text === undefined ? undefined : parsePlatform(expanded.text);
    if (platform && expanded.used.size + expanded.undefined.size === 0) {
      const { os, architecture } = platformParts(platform);
      const stageName = name.toLowerCase();
      if (!stageName.includes(os) && !stageName.includes(architecture)) {
        this.#findings.add('FromPlatformFlagConstDisallowed', from, `FROM always has the platform ${shorten(text)}.`);
      }
    }
    return platform;
  }

  #readInstruction(
    instruction: ParsedInstruction,
    state: StageState,
    stage: Stage,
    last: Map<string, ParsedInstruction>,
  ): void {
    const { keyword } = instruction;
    const args = this.#arguments(instruction);
    const use = (text: string): string | undefined => this.#use(instruction, text, state);
    switch (keyword) {
      case 'ARG':
        this.#readArg(instruction, args, state);
        break;
      case 'ENV':
      case 'LABEL':
        this.#readPairs(instruction, args, state);
        break;
      case 'ADD':
      case 'COPY':
        this.#readCopy(instruction, args, state, stage);
        break;
      case 'RUN':
        this.#readMounts(instruction, args, state, stage);
        break;
      case 'WORKDIR': {
        const path = use(args.text);
        if (!state.hasWorkdir && path !== undefined && !path.startsWith('/')) {
          this.#findings.add(
            'WorkdirRelativePath',
            instruction,
            `The path ${shorten(args.text)} depends on the base image.`,
          );
        }
        state.hasWorkdir = true;
        break;
      }
      case 'USER':
      case 'STOPSIGNAL':
        use(args.text);
        break;
      case 'VOLUME':
        listWords(args.text).forEach(use);
        break;
      case 'EXPOSE':
        this.#lintPorts(instruction, args, state);
        break;
      case 'SHELL':
        state.hasShell = true;
        break;
      case 'CMD':
      case 'ENTRYPOINT':
      case 'HEALTHCHECK':
        this.#lintCommand(instruction, args, state, last);
        break;
    }
  }

  #readArg(instruction: ParsedInstruction, args: Arguments, state: StageState): void {
    const { buildArgs, escapeCharacter } = this.#input;
    for (const { key, value } of readDeclarations(args.text, escapeCharacter)) {
      this.#lintSecret(instruction, key);
      const given = buildArgs && Object.hasOwn(buildArgs, key);
      const own = given || value === undefined ? undefined : this.#use(instruction, value, state);
      if (switches.includes(key)) {
        continue;
      }
      if (given) {
        state.variables.set(key, buildArgs[key]);
      } else if (value !== undefined) {
        state.variables.set(key, buildArgs ? own : undefined);
      } else if (this.#globals.has(key)) {
        state.variables.set(key, this.#globals.get(key));
      } else if (!buildArgs) {
        state.variables.set(key, undefined);
      }
      state.emptyArgs.add(key);
    }
  }

  #readPairs(instruction: ParsedInstruction, { text }: Arguments, state: StageState): void {
    const { isLegacy, pairs } = readPairs(text, this.#input.escapeCharacter);
    if (isLegacy) {
      this.#findings.add(
        'LegacyKeyValueFormat',
        instruction,
        `${instruction.keyword} separates name and value by a blank.`,
        {
          fix: `Write ${instruction.keyword} ${shorten(pairs[0]?.key ?? '')}=VALUE.`,
        },
      );
    }
    const values = pairs.map(({ key, value }) => [
      this.#use(instruction, key, state),
      this.#use(instruction, value, state),
    ]);
    for (const [key, value] of instruction.keyword === 'ENV' ? values : []) {
      if (key !== undefined) {
        this.#lintSecret(instruction, key);
        state.variables.set(key, value);
      }
    }
  }

  #lintSecret(instruction: ParsedInstruction, name: string): void {
    if (secretWord.test(name) && !publicWord.test(name)) {
      this.#findings.add(
        'SecretsUsedInArgOrEnv',
        instruction,
        `${instruction.keyword} ${shorten(name)} sounds like a secret, which would stay in the image or its history.`,
      );
    }
  }

  #readCopy(instruction: ParsedInstruction, args: Arguments, state: StageState, stage: Stage): void {
    const { keyword, hasHereDocument, documents } = instruction;
    for (const name of ['chown', 'chmod', 'checksum']) {
      this.#use(instruction, flagValue(args, name) ?? '', state);
    }
    const words = listWords(args.text);
    const isDocument = (word: string): boolean => hasHereDocument && /^\d*<</.test(word);
    const paths = words.map((word) => (isDocument(word) ? undefined : this.#use(instruction, word, state)));
    if (documents !== '') {
      this.#report(instruction, expandSafely(documents, state.variables, '\\', true)?.undefined ?? new Set(), state);
    }
    const from = keyword === 'COPY' ? flagValue(args, 'from') : undefined;
    if (from !== undefined) {
      this.#lintSourceStage(instruction, from, stage);
      return;
    }
    const isOdd = args.flags.some(({ name }) => name === 'parents' || name === 'exclude' || name === 'from');
    for (const path of isOdd ? [] : paths.slice(0, -1)) {
      if (path !== undefined && path !== '' && !(keyword === 'ADD' && isAddress(path))) {
        this.#sources.push({ instruction, path });
      }
    }
  }

  #readMounts(instruction: ParsedInstruction, args: Arguments, state: StageState, stage: Stage): void {
    for (const { name, value = '' } of args.flags) {
      for (const option of name === 'mount' ? value.split(',') : []) {
        const equals = option.indexOf('=');
        const [key, text] = [option.slice(0, equals).toLowerCase(), option.slice(equals + 1)];
        if (key === 'from') {
          this.#lintSourceStage(instruction, text, stage);
        } else {
          this.#use(instruction, text, state);
        }
      }
    }
  }

  #lintSourceStage(instruction: ParsedInstruction, name: string, { index }: Stage): void {
    const { stages, contexts } = this.#input;
    if (contexts.has(name) || stages.find(name, index)) {
      const meant = stages.find(name, index)?.name;
      if (meant !== undefined && meant !== name && meant.toLowerCase() === name.toLowerCase()) {
        this.#misspelledStage(instruction, name, index);
      }
      return;
    }
    if (name.includes('$')) {
      this.#findings.add('UnknownStage', instruction, `Variables such as ${shorten(name)} are not replaced in from=.`, {
        fix: 'Add a stage with FROM and the variable, and copy from that stage.',
      });
    } else if (/^\d+$/.test(name)) {
      this.#findings.add('UnknownStage', instruction, `There is no stage ${shorten(name)} before this one.`, {
        fix: 'Stages are counted from 0. Use the number or the name of an earlier stage.',
      });
    } else if (stages.find(name, stages.all.length)) {
      const own = stages.find(name, stages.all.length)?.index === index;
      this.#findings.add(
        'UnknownStage',
        instruction,
        own ? `A stage cannot copy from itself: ${shorten(name)}.` : `The stage ${shorten(name)} comes after this one.`,
        { fix: own ? 'Copy with RUN cp, or from another stage.' : 'Move it before this one.' },
      );
    } else if (/^[\w-]+$/.test(name)) {
      this.#misspelledStage(instruction, name, index);
    }
  }

  /** A name that is that of no stage may be that of an image. */
  #misspelledStage(instruction: ParsedInstruction, name: string, index: number): void {
    const names = this.#input.stages.all.slice(0, index).flatMap((stage) => stage.name ?? []);
    const meant = names.includes(name) ? undefined : this.#similar(name, names, true);
    if (meant === undefined) {
      return;
    }
    const isSameInOtherCase = meant.toLowerCase() === name.toLowerCase();
    // stages are often called like their images: alpine and alpine2
    const isOther = name.length < minMisspelledLength || meant.startsWith(name) || name.startsWith(meant);
    if (isSameInOtherCase) {
      this.#findings.add(
        'MisspelledStage',
        instruction,
        `The stage is called ${shorten(meant)}, and podman distinguishes upper and lower case.`,
        { fix: `Write ${shorten(meant)}.` },
      );
    } else if (!isOther) {
      this.#findings.add(
        'MisspelledStage',
        instruction,
        `There is no stage ${shorten(name)}, so it is taken for an image.`,
        {
          fix: `Did you mean ${shorten(meant)}?`,
        },
      );
    }
  }

  #lintPorts(instruction: ParsedInstruction, args: Arguments, state: StageState): void {
    for (const word of splitWords(args.text)) {
      const text = expandSafely(word, state.variables, this.#input.escapeCharacter)?.text;
      for (const port of splitWords(text ?? '')) {
        const [, address, protocol = ''] = /^(?:(.*):)?[^:/]*(?:\/(.*))?$/.exec(port) ?? [];
        if (address) {
          this.#findings.add(
            'ExposeInvalidFormat',
            instruction,
            `EXPOSE ${shorten(port)} has more than a port of the container.`,
          );
        }
        if (protocol !== protocol.toLowerCase()) {
          this.#findings.add(
            'ExposeProtoCasing',
            instruction,
            `EXPOSE ${shorten(port)} has a protocol in upper case.`,
            {
              fix: `Write ${shorten(port.toLowerCase())}.`,
            },
          );
        }
      }
    }
  }

  #lintCommand(
    instruction: ParsedInstruction,
    { text }: Arguments,
    state: StageState,
    last: Map<string, ParsedInstruction>,
  ): void {
    const { keyword } = instruction;
    const before = last.get(keyword);
    if (before) {
      this.#findings.add(
        'MultipleInstructionsDisallowed',
        before,
        `The ${keyword} in line ${instruction.firstLine} replaces this one.`,
        { fix: `Remove this ${keyword}.` },
      );
    }
    last.set(keyword, instruction);
    if (keyword !== 'HEALTHCHECK' && !Array.isArray(jsonList(text)) && !state.hasShell) {
      this.#findings.add(
        'JSONArgsRecommended',
        instruction,
        `${keyword} runs in a shell, which does not pass signals on.`,
      );
    }
  }

  #arguments({ rest }: ParsedInstruction): Arguments {
    return readArguments(rest, this.#input.escapeCharacter);
  }

  /** A text of an instruction with the values of the stage's variables. Undefined if it is not known. */
  #use(instruction: ParsedInstruction, text: string, state: StageState): string | undefined {
    const expanded = this.#expand(instruction, text, state.variables);
    this.#report(instruction, expanded?.undefined ?? new Set(), state);
    // what an unknown base image sets may be anything
    return expanded && expanded.undefined.size > 0 && !state.isComplete ? undefined : expanded?.text;
  }

  #expand(instruction: ParsedInstruction, text: string, variables: Variables) {
    if (!/[$\\`"']/.test(text)) {
      return { text, used: new Set<string>(), undefined: new Set<string>() };
    }
    try {
      return expandWord(text, variables, this.#input.escapeCharacter);
    } catch (error) {
      if (!(error instanceof SubstitutionError)) {
        throw error;
      }
      this.#lintSubstitution(instruction, text, error);
      return undefined;
    }
  }

  #lintSubstitution(instruction: ParsedInstruction, text: string, { missing }: SubstitutionError): void {
    if (this.#unreadable.has(instruction)) {
      return;
    }
    this.#unreadable.add(instruction);
    if (missing === undefined) {
      this.#findings.add(
        'InvalidSubstitution',
        instruction,
        `Not all engines can read the variable in ${shorten(text)}.`,
        { severity: 'warning' },
      );
    } else {
      this.#findings.add('InvalidSubstitution', instruction, `A ${missing} is missing in ${shorten(text)}.`, {
        fix: missing === '}' ? 'Close the brace, or put a \\ before the $.' : 'Close the quote, or put a \\ before it.',
      });
    }
  }

  /** Reports undefined variables. If the base image is not known, only those that it hardly sets. */
  #report(instruction: ParsedInstruction, names: ReadonlySet<string>, state: StageState): void {
    for (const name of names) {
      if (this.#findings.isFull || state.emptyArgs.has(name) || switches.includes(name)) {
        continue;
      }
      const isGlobal = this.#globals.has(name) || this.#declaredGlobals.has(name);
      const suggestion = isGlobal ? undefined : this.#similar(name, [...state.variables.keys()]);
      if (!state.isComplete && !isGlobal && suggestion === undefined) {
        continue;
      }
      this.#findings.add('UndefinedVar', instruction, `${shorten(name)} has no value here.`, {
        fix: isGlobal
          ? `Add a line to this stage, above: ARG ${shorten(name)}`
          : suggestion === undefined
            ? `Declare it in this stage with ARG or ENV.`
            : `Did you mean ${shorten(suggestion)}?`,
      });
    }
  }

  #similar(name: string, known: readonly string[], ofAnyLength = false): string | undefined {
    const isTooShort = !ofAnyLength && name.length < minMisspelledLength;
    if (name.length > maxNameLength || isTooShort || this.#comparisons >= maxComparisons) {
      return undefined;
    }
    this.#comparisons += 1;
    return closest(
      name,
      known.slice(-maxComparedNames).filter((each) => each.length <= maxNameLength && each !== name),
    );
  }
}

function emptyState(isComplete: boolean): StageState {
  return {
    // what BuildKit sets if the image does not
    variables: new Map([['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']]),
    isComplete,
    emptyArgs: new Set(),
    hasWorkdir: false,
    hasShell: false,
  };
}

function predefinedArgs(platform: Platform | undefined): Map<string, string | undefined> {
  const args = new Map<string, string | undefined>(
    ['TARGET', 'BUILD'].flatMap((prefix) =>
      platformArgs.map((part): [string, undefined] => [prefix + part, undefined]),
    ),
  );
  args.set('TARGETSTAGE', undefined);
  if (platform) {
    const { os, architecture, variant = '' } = platformParts(platform);
    args.set('TARGETPLATFORM', platform);
    args.set('TARGETOS', os);
    args.set('TARGETARCH', architecture);
    args.set('TARGETVARIANT', variant);
  }
  return args;
}

/** An empty part of a name is valid nowhere; a variable may also be a prefix or suffix that is meant to be empty. */
function isWholePart(base: string, name: string): boolean {
  for (const { 0: variable, 1: braced, 2: plain = braced, index } of base.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
    const [before, after] = [base.slice(0, index), base.slice(index + variable.length)];
    if (plain === name && /(^|[/:@])$/.test(before) && /^($|[/:@])/.test(after)) {
      return true;
    }
  }
  return false;
}

function isImageName(text: string): boolean {
  const at = text.indexOf('@');
  const isDigest = at < 0 || /^@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}$/.test(text.slice(at));
  return isDigest && typeof parseReference(at < 0 ? text : text.slice(0, at)) !== 'string';
}

/** What ADD downloads. */
function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/|^[\w.-]+@|^github\.com\//i.test(path) || /\.git(#|$)/.test(path);
}

function expandSafely(text: string, variables: Variables, escapeCharacter: string, keepsQuotes = false) {
  try {
    return expandWord(text, variables, escapeCharacter, keepsQuotes);
  } catch (error) {
    if (error instanceof SubstitutionError) {
      return undefined;
    }
    throw error;
  }
}
