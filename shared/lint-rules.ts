/** The rules of Containerfiles. Those with a `page` are BuildKit's build checks, under BuildKit's names. */

/**
 * An error makes every engine refuse the build. A warning may change what is built or make it fail on some engines. A note is about
 * how the file is written.
 */
export type LintSeverity = 'error' | 'warning' | 'note';

export interface LintRule {
  readonly severity: LintSeverity;
  /** What is wrong, for any Containerfile. */
  readonly summary: string;
  /** Why that matters, or what to do. */
  readonly help: string;
  /** The end of the address of BuildKit's own page about the rule. */
  readonly page?: string;
  /** Only looked at if `# check=experimental=` names it. */
  readonly isExperimental?: true;
}

export const lintRules = {
  // what engines refuse
  NoStage: {
    severity: 'error',
    summary: 'A Containerfile needs a FROM instruction.',
    help: 'Start it with FROM and a base image.',
  },
  UnknownInstruction: {
    severity: 'error',
    summary: 'A line starts with a word that is not an instruction.',
    help: 'Correct the word. A line that goes on ends with a \\.',
  },
  InvalidInstruction: {
    severity: 'error',
    summary: 'An instruction lacks what it needs, or has what it cannot have.',
    help: 'Write the instruction as its reference shows it.',
  },
  InvalidSubstitution: {
    severity: 'error',
    summary: 'A variable is written in a way that engines cannot read.',
    help: 'Put a \\ before a $ that stands for itself, and close each brace and each quote.',
  },
  NoBaseImage: {
    severity: 'error',
    summary: 'The image of a FROM instruction is empty or not valid.',
    help: 'Give each variable of the name a value.',
  },
  UnknownTarget: {
    severity: 'error',
    summary: 'The stage to build does not exist.',
    help: 'Build a stage that a FROM instruction names, or build without a target.',
  },
  UnknownStage: {
    severity: 'error',
    summary: 'An instruction copies from a stage that is not before it.',
    help: 'Use the number or the name of an earlier stage.',
  },
  MissingSource: {
    severity: 'error',
    summary: 'A source of COPY or ADD is not in the context.',
    help: 'Check the path. It starts at the project folder.',
  },
  // what some engines refuse, or what is probably not meant
  NotPortable: {
    severity: 'warning',
    summary: 'Some engines refuse an instruction that others build.',
    help: 'Write it in a way that all engines read, or build on nodes whose engine reads it.',
  },
  UnterminatedHereDocument: {
    severity: 'warning',
    summary: 'A here-document has no last line.',
    help: 'Add a line with its name alone. BuildKit and newer versions of podman refuse the file without it.',
  },
  UnmatchedWildcard: {
    severity: 'warning',
    summary: 'A wildcard of COPY or ADD matches no file of the context.',
    help: "podman and docker's classic builder then refuse the build, and BuildKit copies nothing.",
  },
  MisspelledStage: {
    severity: 'warning',
    summary: 'A name that is almost that of a stage is taken for an image.',
    help: 'Use the name of the stage, in its upper and lower case.',
  },
  InvalidBaseImagePlatform: {
    severity: 'warning',
    summary: 'A base image is not there for a platform of the build.',
    help: 'Leave the platform out, or choose a base image that has it.',
  },
  // the build checks of BuildKit
  DuplicateStageName: {
    severity: 'warning',
    summary: 'Two stages have the same name.',
    help: 'Give each stage a name of its own: only the last one can be used by name.',
    page: 'duplicate-stage-name',
  },
  ReservedStageName: {
    severity: 'warning',
    summary: 'A stage has a name with a meaning of its own.',
    help: 'Choose another name than scratch or context.',
    page: 'reserved-stage-name',
  },
  UndefinedArgInFrom: {
    severity: 'warning',
    summary: 'FROM uses a variable that no ARG before the first FROM declares.',
    help: 'Declare it with ARG above the first FROM.',
    page: 'undefined-arg-in-from',
  },
  UndefinedVar: {
    severity: 'warning',
    summary: 'An instruction uses a variable that has no value there.',
    help: 'Declare it with ARG or ENV in the same stage, above the instruction.',
    page: 'undefined-var',
  },
  CopyIgnoredFile: {
    severity: 'error',
    summary: 'A source of COPY or ADD is excluded by the ignore file.',
    help: 'Add an exception to the ignore file: a line that starts with !.',
    page: 'copy-ignored-file',
  },
  MultipleInstructionsDisallowed: {
    severity: 'warning',
    summary: 'A stage has CMD, ENTRYPOINT or HEALTHCHECK twice, and only the last one counts.',
    help: 'Remove the one before.',
    page: 'multiple-instructions-disallowed',
  },
  SecretsUsedInArgOrEnv: {
    severity: 'warning',
    summary: 'The name of an ARG or ENV sounds like a secret. Its value stays in the image or its history.',
    help: 'Use RUN --mount=type=secret, and give the secret to the build.',
    page: 'secrets-used-in-arg-or-env',
  },
  WorkdirRelativePath: {
    severity: 'warning',
    summary: 'The first WORKDIR of a stage is relative, so that it depends on the base image.',
    help: 'Start the path with a /.',
    page: 'workdir-relative-path',
  },
  InvalidDefaultArgInFrom: {
    severity: 'note',
    summary: 'Without build arguments, the image of a FROM instruction is not a valid name.',
    help: 'Give the ARG a default value.',
    page: 'invalid-default-arg-in-from',
  },
  FromPlatformFlagConstDisallowed: {
    severity: 'note',
    summary: 'FROM has a platform of its own, whichever platform is built.',
    help: 'Use the platform $BUILDPLATFORM for a stage that makes files for all platforms, or none.',
    page: 'from-platform-flag-const-disallowed',
  },
  RedundantTargetPlatform: {
    severity: 'note',
    summary: 'FROM asks for the platform that it has anyway.',
    help: 'Remove the platform from the instruction.',
    page: 'redundant-target-platform',
  },
  NoEmptyContinuation: {
    severity: 'note',
    summary: 'There is an empty line inside an instruction. A later version of BuildKit will refuse it.',
    help: 'Remove the empty line, or start it with a #.',
    page: 'no-empty-continuation',
  },
  JSONArgsRecommended: {
    severity: 'note',
    summary: 'CMD or ENTRYPOINT runs in a shell, which does not pass signals on.',
    help: 'Write the command as a JSON list, or declare the shell with SHELL.',
    page: 'json-args-recommended',
  },
  LegacyKeyValueFormat: {
    severity: 'note',
    summary: 'ENV or LABEL separates name and value by a space.',
    help: 'Write NAME=value.',
    page: 'legacy-key-value-format',
  },
  MaintainerDeprecated: {
    severity: 'note',
    summary: 'MAINTAINER is deprecated.',
    help: 'Use LABEL org.opencontainers.image.authors= instead.',
    page: 'maintainer-deprecated',
  },
  ExposeInvalidFormat: {
    severity: 'warning',
    summary: 'EXPOSE has an IP address or a port of the host. A later version of BuildKit will refuse it.',
    help: 'Write only the port of the container.',
    page: 'expose-invalid-format',
  },
  ExposeProtoCasing: {
    severity: 'note',
    summary: 'EXPOSE has a protocol in upper case.',
    help: 'Write it in lower case, as in 80/tcp.',
    page: 'expose-proto-casing',
  },
  StageNameCasing: {
    severity: 'note',
    summary: 'The name of a stage has upper-case letters.',
    help: 'Write it in lower case.',
    page: 'stage-name-casing',
  },
  FromAsCasing: {
    severity: 'note',
    summary: 'FROM and AS are not both in upper or both in lower case.',
    help: 'Write AS in the case of FROM.',
    page: 'from-as-casing',
  },
  ConsistentInstructionCasing: {
    severity: 'note',
    summary: 'Some instructions are in upper case and some in lower case.',
    help: 'Write all instructions in the same case.',
    page: 'consistent-instruction-casing',
  },
  InvalidDefinitionDescription: {
    severity: 'note',
    summary: 'The comment above a stage or an ARG does not describe it.',
    help: 'Start the comment with the name, or put a line with a single # below it.',
    page: 'invalid-definition-description',
    isExperimental: true,
  },
} as const satisfies Readonly<Record<string, LintRule>>;

export type LintRuleId = keyof typeof lintRules;

export function lintRule(id: LintRuleId): LintRule {
  return lintRules[id];
}

/** The address of BuildKit's page about a rule. */
export function lintRuleUrl(id: LintRuleId): string | undefined {
  const { page } = lintRule(id);
  return page === undefined ? undefined : `https://docs.docker.com/reference/build-checks/${page}/`;
}
