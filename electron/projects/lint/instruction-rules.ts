/** The rules that look at one instruction, whatever is around it. What they call an error was refused by all engines that were tried. */
import { closest } from '../../../shared/closest.ts';
import type { ParsedInstruction } from '../parse-containerfile.ts';
import { type Flag, jsonList, pairWords, readArguments, splitWords } from './arguments.ts';
import { type Findings, maxNameLength, shorten } from './findings.ts';

const commandFlags = ['interval', 'timeout', 'start-period', 'start-interval', 'retries'];

/** The instructions, with their flags and whether they need an argument. */
const instructions: Readonly<Record<string, { readonly flags?: readonly string[]; readonly isEmptyAllowed?: true }>> = {
  ADD: { flags: ['chown', 'chmod', 'link', 'keep-git-dir', 'checksum', 'exclude', 'unpack'] },
  ARG: {},
  CMD: { isEmptyAllowed: true },
  COPY: { flags: ['from', 'chown', 'chmod', 'link', 'parents', 'exclude'] },
  ENTRYPOINT: { isEmptyAllowed: true },
  ENV: {},
  EXPOSE: {},
  FROM: { flags: ['platform'] },
  HEALTHCHECK: { flags: commandFlags },
  LABEL: {},
  MAINTAINER: {},
  ONBUILD: {},
  RUN: { flags: ['mount', 'network', 'security', 'device'], isEmptyAllowed: true },
  SHELL: {},
  STOPSIGNAL: {},
  USER: {},
  VOLUME: {},
  WORKDIR: {},
};

export function isInstruction(keyword: string): boolean {
  return Object.hasOwn(instructions, keyword);
}

export function lintInstruction(instruction: ParsedInstruction, escapeCharacter: string, findings: Findings): void {
  const { keyword, rest, text } = instruction;
  const known = isInstruction(keyword) ? instructions[keyword] : undefined;
  if (!known) {
    const suggestion = keyword.length <= maxNameLength ? closest(keyword, Object.keys(instructions)) : undefined;
    findings.add('UnknownInstruction', instruction, `${shorten(keyword)} is not an instruction.`, {
      fix: suggestion ? `Did you mean ${suggestion}?` : 'Check the line. A line that goes on ends with a \\.',
    });
    return;
  }
  lintWriting(instruction, findings);
  const { flags, text: argument } = readArguments(rest, escapeCharacter);
  for (const { name, value } of flags) {
    if (!known.flags?.includes(name) && known.flags) {
      const suggestion = name.length <= maxNameLength ? closest(name, known.flags) : undefined;
      findings.add('InvalidInstruction', instruction, `${keyword} has no flag --${shorten(name)}.`, {
        fix: suggestion ? `Did you mean --${suggestion}?` : `Its flags are --${known.flags.join(', --')}.`,
        // engines get new flags
        severity: 'warning',
      });
    } else if (value === undefined && !['link', 'parents', 'keep-git-dir', 'unpack'].includes(name) && known.flags) {
      findings.add('InvalidInstruction', instruction, `The flag --${shorten(name)} has no value.`, {
        fix: `Write --${shorten(name)}=VALUE.`,
      });
    }
  }
  lintPortability(instruction, flags, argument, findings);
  const problem =
    argument === '' && !known.isEmptyAllowed
      ? missing(keyword)
      : argumentProblem(keyword, argument, text, escapeCharacter);
  if (problem) {
    findings.add('InvalidInstruction', instruction, ...problem);
  }
}

/** What was seen to fail on some engines. Source of the version: buildah's changelog. */
function lintPortability(
  instruction: ParsedInstruction,
  flags: readonly Flag[],
  argument: string,
  findings: Findings,
): void {
  const { keyword } = instruction;
  if (
    (keyword === 'COPY' || keyword === 'ADD') &&
    flags.some(({ name, value }) => name === 'link' && value !== 'false')
  ) {
    findings.add('NotPortable', instruction, 'podman 5.5 and older versions refuse --link.', {
      fix: 'Remove it if such a node builds the image: only the cache is different.',
    });
  }
  const redefined = keyword === 'ARG' ? /(?:^|\s)((?:BUILD|TARGET)PLATFORM)=/.exec(argument)?.[1] : undefined;
  if (redefined !== undefined) {
    findings.add('NotPortable', instruction, `podman refuses a value for ${redefined}.`, {
      fix: `Write ARG ${redefined} without a value, or use another name.`,
    });
  }
  if (instruction.hasHereDocument && /(?:^|\s)\d*<<-?\s+[^\s<]/.test(argument)) {
    findings.add(
      'NotPortable',
      instruction,
      'Only newer versions of BuildKit read a here-document with a blank after <<.',
      {
        fix: 'Remove the blank.',
      },
    );
  }
}

/** How the instruction is written. */
function lintWriting(instruction: ParsedInstruction, findings: Findings): void {
  const { keyword, text, rest, lastLine } = instruction;
  for (const name of instruction.endlessDocuments) {
    findings.add('UnterminatedHereDocument', instruction, `The here-document ${shorten(name)} has no last line.`);
  }
  if (instruction.hasEmptyLine) {
    // as BuildKit counts: the last line of the instruction
    const line = instruction.hasHereDocument ? instruction.firstLine : lastLine;
    findings.add('NoEmptyContinuation', line, 'There is an empty line inside the instruction.');
  }
  if (keyword === 'MAINTAINER') {
    findings.add('MaintainerDeprecated', instruction, 'MAINTAINER is deprecated.');
  }
  const words = splitWords(rest).filter((word) => !word.startsWith('--'));
  const [, as = '', name = ''] = words;
  const keywordText = text.slice(0, keyword.length);
  if (keyword === 'FROM' && words.length === 3) {
    if (name !== name.toLowerCase()) {
      findings.add('StageNameCasing', instruction, `The name of the stage ${shorten(name)} has upper-case letters.`, {
        fix: `Write ${shorten(name.toLowerCase())}.`,
      });
    }
    const wanted = [as.toLowerCase(), as.toUpperCase()][keywordText === 'FROM' ? 1 : 0] ?? '';
    if (/^(FROM|from)$/.test(keywordText) && as !== wanted) {
      findings.add('FromAsCasing', instruction, `${keywordText} and ${shorten(as)} are in different case.`, {
        fix: `Write ${shorten(wanted)}.`,
      });
    }
  }
  lintDescription(instruction, words, findings);
}

/** The comment above a stage or an ARG is to start with its name. */
function lintDescription(instruction: ParsedInstruction, words: readonly string[], findings: Findings): void {
  const { keyword, comments } = instruction;
  const stageNames = words.length === 3 ? [words[2]?.toLowerCase() ?? ''] : [];
  const names =
    keyword === 'FROM' ? stageNames : keyword === 'ARG' ? words.map((word) => word.split('=')[0] ?? '') : [];
  const described = comments.at(-1)?.split(' ')[0];
  if (names.length > 0 && described !== undefined && !names.includes(described)) {
    const name = names.length > 1 ? 'the name' : (names[0] ?? '');
    findings.add(
      'InvalidDefinitionDescription',
      instruction,
      `The comment above ${keyword} does not start with ${shorten(name)}.`,
    );
  }
}

type Problem = [message: string, change: { readonly fix: string }];

function missing(keyword: string): Problem {
  switch (keyword) {
    case 'COPY':
    case 'ADD':
      return [`${keyword} needs a source and a destination.`, { fix: `Write ${keyword} SOURCE DESTINATION.` }];
    default:
      return [`${keyword} has nothing to work on.`, { fix: `Add what ${keyword} is about, or remove the line.` }];
  }
}

function argumentProblem(
  keyword: string,
  argument: string,
  text: string,
  escapeCharacter: string,
): Problem | undefined {
  const list = jsonList(argument);
  if (list === 'mixed' && ['ADD', 'CMD', 'COPY', 'ENTRYPOINT', 'RUN', 'SHELL', 'VOLUME'].includes(keyword)) {
    return [
      `The list of ${keyword} has something in it that is not a text.`,
      { fix: 'Put each part in double quotes.' },
    ];
  }
  switch (keyword) {
    case 'FROM': {
      const words = splitWords(argument);
      const isValid = words.length === 1 || (words.length === 3 && words[1]?.toUpperCase() === 'AS');
      return isValid
        ? undefined
        : [
            'FROM needs an image, and nothing after it but AS and a name.',
            { fix: 'Write FROM IMAGE or FROM IMAGE AS NAME.' },
          ];
    }
    case 'ADD':
    case 'COPY': {
      // variables may be several words for some engines
      const words = Array.isArray(list) ? list : splitWords(argument);
      return words.length < 2 && !words[0]?.startsWith('$') && !text.includes('<<') ? missing(keyword) : undefined;
    }
    case 'ENV':
    case 'LABEL':
      return pairProblem(keyword, argument, escapeCharacter);
    case 'SHELL':
      return Array.isArray(list) && list.length > 0
        ? undefined
        : ['SHELL needs a JSON list.', { fix: 'Write SHELL ["/bin/bash", "-c"].' }];
    case 'HEALTHCHECK':
      return healthCheckProblem(argument);
    case 'ONBUILD': {
      const trigger = argument.split(/\s/)[0]?.toUpperCase() ?? '';
      return ['ONBUILD', 'FROM', 'MAINTAINER'].includes(trigger)
        ? [`ONBUILD cannot have ${trigger}.`, { fix: 'Write the instruction in the image that is built on this one.' }]
        : undefined;
    }
    default:
      return undefined;
  }
}

function pairProblem(keyword: string, argument: string, escapeCharacter: string): Problem | undefined {
  const words = pairWords(argument, escapeCharacter);
  if (!words[0]?.includes('=')) {
    return /\s/.test(argument)
      ? undefined
      : [`${keyword} has a name and no value.`, { fix: `Write ${keyword} ${shorten(argument)}=VALUE.` }];
  }
  const wrong = words.find((word) => !word.includes('='));
  return wrong === undefined
    ? undefined
    : [`${keyword} has ${shorten(wrong)} without a =.`, { fix: 'Put a value with blanks in double quotes.' }];
}

function healthCheckProblem(argument: string): Problem | undefined {
  const [type = '', ...rest] = splitWords(argument);
  switch (type.toUpperCase()) {
    case 'NONE':
      return rest.length === 0
        ? undefined
        : ['HEALTHCHECK NONE has something behind it.', { fix: 'Remove what follows NONE.' }];
    case 'CMD':
      return rest.length > 0
        ? undefined
        : ['HEALTHCHECK CMD has no command.', { fix: 'Write HEALTHCHECK CMD COMMAND.' }];
    default:
      return [
        `HEALTHCHECK cannot have ${shorten(type)}.`,
        { fix: 'Write HEALTHCHECK CMD COMMAND, or HEALTHCHECK NONE.' },
      ];
  }
}
