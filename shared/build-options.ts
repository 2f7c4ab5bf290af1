/**
 * Every option of a build, once. From this table come the fields of a build request, the flags of the terminal and their help, the
 * form of the window, what engines are asked for, what is said of a node that cannot do it, and docs/OPTIONS.md.
 */
import type { BuildSecret, BuildSsh } from './build-secrets.ts';
import { attestationProblem } from './builder-attestation.ts';
import { parseReference } from './image.ts';
import { outputProblem } from './output.ts';
import { remoteCacheProblem, remoteCaches } from './remote-cache.ts';
import { hostAddress, isAddress, ulimitOf } from './step-limits.ts';

/** What builds on a node: podman, docker with BuildKit, docker's classic builder, or a BuildKit daemon. */
export type Builder = 'podman' | 'docker' | 'classic' | 'buildkit';

/**
 * How a value is written in a request to a builder. `flag`: `1` or `0`. `json`: as JSON. `comma`: joined. `prefix`: one parameter `key:NAME` for each pair.
 */
export type ParameterForm = 'text' | 'flag' | 'json' | 'comma' | 'prefix';

/** What a builder does with an option. */
export type Support =
  /** It is asked with this parameter: of the query of `POST build`, or of BuildKit's frontend. */
  | (Limits & { readonly key: string; readonly form: ParameterForm })
  /** Code of its own does it, in the engine or above all engines. */
  | (Limits & { readonly own: true })
  /** It cannot. Completes "It does not support that, because …". */
  | { readonly no: string };

interface Limits {
  /** The first version that can. */
  readonly since?: string;
  /** Values that it cannot do, with the reasons. */
  readonly except?: Readonly<Record<string, string>>;
  /** The same for values that cannot be listed: the reason, if this node cannot do this one. */
  readonly refuses?: (
    value: unknown,
    node: { readonly storesInContainerd?: boolean | undefined },
  ) => string | undefined;
}

/** The titles of groups of options, in the order in which they are shown. */
export const optionGroups = {
  containerfile: 'Containerfile',
  contexts: 'Contexts',
  platforms: 'Platforms',
  image: 'Image',
  cache: 'Base images and cache',
  secrets: 'Secrets',
  network: 'Network',
  limits: 'Limits of build steps',
  privileges: 'Privileges of build steps',
  nodes: 'Nodes',
  attestations: 'Attestations',
  output: 'Output',
} as const;
export type OptionGroup = keyof typeof optionGroups;

/** How values of options are written. */
interface KindValues {
  switch: boolean;
  choice: string;
  text: string;
  /** A path. */
  file: string;
  number: number;
  /** People write a number of bytes as `64m`. */
  bytes: number;
  list: string[];
  pairs: Record<string, string>;
  /** What of other folders is seen where in the context. */
  mappings: { from: string; to: string }[];
  secrets: BuildSecret[];
  ssh: BuildSsh[];
}
export type OptionKind = keyof KindValues;

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint: string;
  /** The flag that chooses it, where the option has none. */
  readonly flag?: string;
  /** The help of that flag. */
  readonly help?: string;
}

export interface TextProblem {
  /** Follows the text: "is not a capability". */
  readonly problem: string;
  readonly fix: string;
}

/** What a text, or each text of a list, must be. */
export interface TextRule extends TextProblem {
  readonly pattern: RegExp;
}

/** The same where no pattern says it. */
export interface TextCheck {
  readonly check: (text: string) => TextProblem | undefined;
}

export interface NumberRule {
  readonly min: number;
  readonly max?: number;
  readonly hasFractions?: true;
}

export interface BuildOption {
  readonly kind: OptionKind;
  readonly rule?: TextRule | TextCheck | NumberRule;
  /** What the names of pairs are. Default: any text. */
  readonly keys?: 'platform';
  /** A request always has a value for it, even if none was given. */
  readonly isAlwaysSet?: true;
  /** The settings say what it is where a request does not. So a request also keeps what is off. */
  readonly isInSettings?: true;
  /** It is not a field of a request. */
  readonly isTerminalOnly?: true;
  readonly group: OptionGroup;
  /** As in "the pull policy". */
  readonly name: string;
  /** As in "does not support DNS servers". Default: the name. */
  readonly ability?: string;
  /** In the window. Default: the name. */
  readonly label?: string;
  /** In the window, below the field. Default: the help, as a sentence. */
  readonly hint?: string;
  /** The flag of the terminal. Without it, the option has none, or one for each choice. */
  readonly flag?: string;
  readonly help: string;
  /** Of a switch. Default: false. */
  readonly isOn?: boolean;
  readonly choices?: readonly Choice[];
  /** What separates the values of a list, besides the repetition of the flag. */
  readonly separator?: ',';
  /** The value of a text whose flag has none: `--second-start`. */
  readonly bare?: string;
  /** The value of a pair without one. Without this, each needs one. */
  readonly bareValue?: 'environment' | 'empty';
  /** The flags of other programs for it, where they are not called the same. False: they have none. */
  readonly elsewhere?: { readonly podman?: string | false; readonly docker?: string | false };
  readonly engines: {
    readonly podman: Support;
    readonly classic: Support;
    readonly buildkit: Support;
    /** Default: as BuildKit. */
    readonly docker?: Support;
  };
  /** False: it does not decide what the image of a platform is, only where and how it is made. */
  readonly decidesImage?: false;
  /** It has no field in the window's form of options: it is elsewhere in the window, or only in the terminal. */
  readonly isElsewhere?: true;
}

const parameter = (key: string, form: ParameterForm = 'text', limits: Limits = {}): Support => ({
  key,
  form,
  ...limits,
});
const own: Support = { own: true };
const no = (reason: string): Support => ({ no: reason });
const everywhere = { podman: own, classic: own, buildkit: own };
const notClassic = no("docker's classic builder has no such option");
const notBuildKit = no('BuildKit has no such option');
const notPodman = no('podman has no such option');

const checked = (isValid: (text: string) => boolean, problem: string, fix: string): TextCheck => ({
  check: (text) => (isValid(text) ? undefined : { problem, fix }),
});
const referenceProblem = (text: string): TextProblem | undefined =>
  typeof parseReference(text) === 'string'
    ? {
        problem: 'is not the name of an image',
        fix: 'Use [registry/]repository[:tag], such as registry.example.com/team/api:1.4.',
      }
    : undefined;
const cache: TextCheck = { check: remoteCacheProblem };

/** The reason for caches of other types than those that a builder knows. */
const onlyCaches =
  (known: readonly string[], reason: string): NonNullable<Limits['refuses']> =>
  (values) =>
    remoteCaches(Array.isArray(values) ? values : []).every(({ type }) => known.includes(type)) ? undefined : reason;
const onlyRegistries = (builder: string) =>
  onlyCaches(['registry'], `${builder} has caches only in registries (type=registry)`);
const onlyInline = onlyCaches(
  ['inline'],
  'docker writes the cache only into the image (type=inline) unless it stores images in containerd',
);

const address = checked(isAddress, 'is not the address of a DNS server', 'Use an IP address, for example 192.168.1.1.');
const processorSet: TextRule = {
  pattern: /^\d+(-\d+)?(,\d+(-\d+)?)*$/,
  problem: 'does not name processors or memory nodes',
  fix: 'Use numbers and ranges, for example 0-3,8.',
};
const capability: TextRule = {
  pattern: /^(CAP_)?[A-Za-z_]+$/,
  problem: 'is not a capability',
  fix: 'Use a name from capabilities(7), for example SYS_PTRACE.',
};

export const buildOptions = {
  // Containerfile
  file: {
    kind: 'file',
    group: 'containerfile',
    name: 'Containerfile',
    flag: '-f, --file <FILE>',
    help: 'Containerfile or Dockerfile, relative to the current folder or to CONTEXT; - reads it from standard input; several are joined',
    elsewhere: { docker: '--file' },
    engines: everywhere,
    decidesImage: false,
    isElsewhere: true,
  },
  files: {
    kind: 'list',
    group: 'containerfile',
    name: 'further Containerfiles',
    label: 'Further Containerfiles',
    help: 'Containerfiles that are joined to the first one, absolute or relative to the project',
    elsewhere: { podman: '--file', docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  filesFor: {
    keys: 'platform',
    kind: 'pairs',
    group: 'containerfile',
    name: 'Containerfiles of single platforms',
    label: 'Containerfiles of single platforms',
    hint: 'For these platforms instead of the Containerfile of the project.',
    flag: '--file-for <PLATFORM=FILE>',
    help: 'Containerfile for one platform, instead of that of -f',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  target: {
    kind: 'text',
    group: 'containerfile',
    name: 'target stage',
    hint: 'The stage that becomes the image.',
    flag: '--target <STAGE>',
    help: 'stage to build',
    engines: { podman: parameter('target'), classic: parameter('target'), buildkit: parameter('target') },
  },
  buildArgs: {
    isAlwaysSet: true,
    kind: 'pairs',
    group: 'containerfile',
    name: 'build arguments',
    hint: 'Values of ARG in the Containerfile. They can be read in the image: use secrets for passwords.',
    flag: '--build-arg <KEY[=VALUE]>',
    help: 'build argument; without =VALUE, the value comes from the environment',
    bareValue: 'environment',
    engines: {
      podman: parameter('buildargs', 'json'),
      classic: parameter('buildargs', 'json'),
      buildkit: parameter('build-arg', 'prefix'),
    },
  },
  buildArgFiles: {
    isTerminalOnly: true,
    kind: 'file',
    group: 'containerfile',
    name: 'files of build arguments',
    flag: '--build-arg-file <FILE>',
    help: 'file with a build argument KEY=VALUE or KEY in each line; --build-arg wins',
    elsewhere: { docker: false },
    engines: everywhere,
    isElsewhere: true,
  },
  gitArgs: {
    isTerminalOnly: true,
    kind: 'list',
    group: 'containerfile',
    name: 'build arguments from git',
    flag: '--git-args [NAMES]',
    help: 'build arguments from the git repository of the project, if the Containerfile declares them: SOURCE, REVISION, GOPKGVERSION (default: all three)',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    isElsewhere: true,
  },

  // Contexts
  contexts: {
    kind: 'pairs',
    group: 'contexts',
    name: 'additional build contexts',
    flag: '--build-context <NAME=VALUE>',
    help: 'what FROM NAME and --from=NAME mean: a folder, docker-image://IMAGE, a git or https address, oci-layout://FOLDER, list:REFERENCE or build:ID of local storage',
    engines: {
      podman: { own: true, since: '4.2' },
      classic: no("docker's classic builder has only one context"),
      docker: { own: true, since: '23.0' },
      buildkit: own,
    },
  },
  sources: {
    kind: 'mappings',
    group: 'contexts',
    name: 'mapped folders',
    label: 'Mapped folders',
    hint: 'Files of other folders are sent, too, as if they were at a path in the context.',
    flag: '--source <FOLDER:PATH>',
    help: 'send the files of another folder, too, as if they were at PATH in the context',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },

  // Platforms
  emulate: {
    isAlwaysSet: true,
    kind: 'switch',
    isOn: true,
    group: 'platforms',
    name: 'emulation',
    label: 'Allow emulation when no native node is available',
    hint: 'Often about ten times slower.',
    flag: '--no-emulation',
    help: 'build only on native nodes',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  allowPlatformMismatch: {
    kind: 'switch',
    group: 'platforms',
    name: 'programs for another platform',
    label: 'Allow programs for another platform',
    hint: 'Stores an image although its base image or programs are for another platform.',
    flag: '--allow-platform-mismatch',
    help: 'store images although their programs are for another platform',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
  },

  // Image
  furtherNames: {
    rule: { check: referenceProblem },
    kind: 'list',
    group: 'image',
    name: 'further names',
    label: 'Further names',
    hint: 'The image also gets these names. A push to the registry of its name goes to those of these, too.',
    help: 'further names of the image',
    elsewhere: { podman: false, docker: '--tag' },
    engines: everywhere,
    decidesImage: false,
  },
  format: {
    kind: 'choice',
    group: 'image',
    name: 'image format',
    label: 'Image format',
    flag: '--format <FORMAT>',
    help: 'format of the images; HEALTHCHECK, ONBUILD and SHELL need docker',
    choices: [
      {
        value: 'oci',
        label: 'OCI',
        hint: 'Works with every registry and engine. Leaves out HEALTHCHECK, ONBUILD and SHELL.',
      },
      { value: 'docker', label: 'Docker', hint: 'Keeps HEALTHCHECK, ONBUILD and SHELL.' },
    ],
    elsewhere: { docker: false },
    engines: everywhere,
  },
  labels: {
    isAlwaysSet: true,
    kind: 'pairs',
    group: 'image',
    name: 'labels',
    hint: 'They are part of the image of each platform.',
    flag: '--label <KEY[=VALUE]>',
    help: 'label of the image',
    bareValue: 'empty',
    engines: {
      podman: parameter('labels', 'json'),
      classic: parameter('labels', 'json'),
      buildkit: parameter('label', 'prefix'),
    },
  },
  gitLabels: {
    isTerminalOnly: true,
    kind: 'list',
    group: 'image',
    name: 'labels from git',
    flag: '--git-labels [NAMES]',
    help: 'labels org.opencontainers.image.* from the git repository of the project: source, revision, created, version (default: all four)',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    isElsewhere: true,
  },
  annotations: {
    kind: 'pairs',
    group: 'image',
    name: 'annotations',
    label: 'Annotations of the images',
    hint: 'They are part of the manifest of each platform.',
    flag: '--annotation <KEY=VALUE>',
    help: 'annotation of the image of each platform',
    engines: everywhere,
  },
  listAnnotations: {
    kind: 'pairs',
    group: 'image',
    name: 'annotations of the list',
    label: 'Annotations of the manifest list',
    hint: 'They are part of what all platforms have in common.',
    flag: '--list-annotation <KEY=VALUE>',
    help: 'annotation of the manifest list',
    elsewhere: { podman: false, docker: '--annotation index:' },
    engines: everywhere,
    decidesImage: false,
  },
  tagByContent: {
    kind: 'switch',
    group: 'image',
    name: 'tag by content',
    label: 'Tag by content',
    hint: 'The tag is the hash of the project folder in git, with -dirty and a hash if files differ from the commit.',
    flag: '--tag-by-content',
    help: 'tag the image with the hash of the project folder in git, as LinuxKit does; -t then names it without a tag',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  squash: {
    kind: 'switch',
    group: 'image',
    name: 'squashing',
    label: 'Squash',
    flag: '--squash',
    help: 'join the new layers of an image in one',
    elsewhere: { docker: false },
    engines: {
      podman: own,
      classic: no("docker's classic builder squashes only where experimental features are on"),
      buildkit: notBuildKit,
    },
  },
  timestamp: {
    rule: { min: 0 },
    kind: 'number',
    group: 'image',
    name: 'time of the image',
    ability: 'setting the time of the image',
    label: 'Time of the image and its files',
    flag: '--timestamp <SECONDS>',
    help: 'time of the image, its history and the files of its layers, in seconds since 1970',
    elsewhere: { docker: false },
    engines: {
      podman: parameter('timestamp'),
      classic: notClassic,
      buildkit: no('BuildKit has --source-date-epoch and --rewrite-timestamp instead'),
    },
  },
  sourceDateEpoch: {
    rule: { min: 0 },
    kind: 'number',
    group: 'image',
    name: 'time of the sources',
    ability: 'setting the time of the sources',
    label: 'Time of the sources (SOURCE_DATE_EPOCH)',
    flag: '--source-date-epoch <SECONDS>',
    help: 'time of the image and its history, in seconds since 1970, also as the build argument SOURCE_DATE_EPOCH',
    elsewhere: { docker: '--build-arg SOURCE_DATE_EPOCH' },
    engines: {
      podman: parameter('sourcedateepoch', 'text', { since: '5.6' }),
      classic: notClassic,
      buildkit: parameter('build-arg:SOURCE_DATE_EPOCH'),
    },
  },
  rewriteTimestamp: {
    kind: 'switch',
    group: 'image',
    name: 'rewritten times of files',
    ability: 'rewriting the times of files',
    label: 'Files are not newer than the sources',
    flag: '--rewrite-timestamp',
    help: 'give files of the new layers at most the time of --source-date-epoch',
    elsewhere: { docker: false },
    engines: {
      podman: parameter('rewritetimestamp', 'flag', { since: '5.6' }),
      classic: notClassic,
      docker: no('docker stores images without rewriting times'),
      buildkit: { own: true, since: '0.13' },
    },
  },

  // Base images and cache
  pull: {
    isAlwaysSet: true,
    kind: 'choice',
    group: 'cache',
    name: 'pull policy',
    label: 'Pull base images',
    flag: '--pull [POLICY]',
    help: 'when to pull base images',
    choices: [
      { value: 'missing', label: 'If missing', hint: 'A base image that a node already has is used.' },
      { value: 'newer', label: 'If newer', hint: 'The registry is checked for a newer version.' },
      { value: 'always', label: 'Always', hint: 'Every base image is pulled again.' },
      { value: 'never', label: 'Never', hint: 'The build fails on nodes that lack a base image.' },
    ],
    engines: {
      podman: own,
      classic: { own: true, except: { never: "docker's classic builder pulls the base images that it lacks" } },
      docker: { own: true, except: { never: 'docker with BuildKit looks up every base image in its registry' } },
      buildkit: { own: true, except: { never: 'BuildKit looks up every base image in its registry' } },
    },
  },
  retry: {
    rule: { min: 0, max: 100 },
    kind: 'number',
    group: 'cache',
    name: 'repeated pulls',
    label: 'How often a failed pull is repeated',
    flag: '--retry <NUMBER>',
    help: 'how often a build is repeated whose base image could not be pulled',
    elsewhere: { docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  retryDelay: {
    rule: { min: 0, max: 3600, hasFractions: true },
    kind: 'number',
    group: 'cache',
    name: 'time between repeated pulls',
    label: 'Seconds between repeated pulls',
    flag: '--retry-delay <SECONDS>',
    help: 'how long to wait before a build is repeated, in seconds (default: 2)',
    elsewhere: { docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  noCache: {
    isAlwaysSet: true,
    kind: 'switch',
    group: 'cache',
    name: 'building without cache',
    label: 'Build without cache',
    hint: 'Runs every step, even if nothing has changed.',
    flag: '--no-cache',
    help: 'build without cache',
    engines: { podman: parameter('nocache', 'flag'), classic: parameter('nocache', 'flag'), buildkit: own },
    decidesImage: false,
  },
  noCacheFor: {
    kind: 'list',
    separator: ',',
    group: 'cache',
    name: 'stages without cache',
    ability: 'leaving out the cache for single stages',
    hint: 'These stages are built again, even if nothing has changed.',
    flag: '--no-cache-filter <STAGES>',
    help: 'stages to build without cache: a,b',
    elsewhere: { podman: false },
    engines: { podman: notPodman, classic: notClassic, buildkit: own },
    decidesImage: false,
  },
  skip: {
    kind: 'switch',
    isOn: true,
    group: 'cache',
    name: 'skipping unchanged platforms',
    label: 'Skip unchanged platforms',
    hint: 'Uses the stored image if nothing has changed since a node built it.',
    flag: '--no-skip',
    help: 'build platforms although nothing has changed since the last build',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  layers: {
    kind: 'switch',
    isOn: true,
    group: 'cache',
    name: 'layers',
    ability: 'building without layers',
    label: 'Keep the layer of each step',
    hint: 'Without it, an image has one layer for all steps, and there is no build cache.',
    flag: '--layers [BOOLEAN]',
    help: 'false: one layer for all steps, and no build cache',
    elsewhere: { docker: false },
    engines: {
      podman: parameter('layers', 'flag'),
      classic: { own: true, except: { false: "docker's classic builder always makes layers" } },
      buildkit: { own: true, except: { false: 'BuildKit always makes layers' } },
    },
  },
  cacheFrom: {
    rule: cache,
    kind: 'list',
    group: 'cache',
    name: 'caches in registries',
    ability: 'reading this cache',
    label: 'Read the build cache from',
    flag: '--cache-from <IMAGE>',
    help: 'build cache to read: what --cache-to has written, or an image that has its cache in itself; or type=TYPE,KEY=VALUE as for buildx',
    engines: {
      podman: { own: true, refuses: onlyRegistries('podman') },
      classic: { own: true, refuses: onlyRegistries("docker's classic builder") },
      buildkit: own,
    },
    decidesImage: false,
  },
  cacheTo: {
    rule: cache,
    kind: 'list',
    group: 'cache',
    name: 'storing the cache in a registry',
    ability: 'writing this cache',
    label: 'Write the build cache to',
    flag: '--cache-to <IMAGE>',
    help: 'image that gets the build cache, with the platform at the end of its name, so that nodes overwrite nothing; or type=TYPE,KEY=VALUE as for buildx',
    engines: {
      podman: { own: true, refuses: onlyRegistries('podman') },
      classic: no("docker's classic builder writes no cache elsewhere"),
      docker: {
        own: true,
        refuses: (values, node) => (node.storesInContainerd ? undefined : onlyInline(values, node)),
      },
      buildkit: own,
    },
    decidesImage: false,
  },

  // Secrets
  secrets: {
    kind: 'secrets',
    group: 'secrets',
    name: 'secrets',
    flag: '--secret <id=ID[,src=FILE|,env=NAME]>',
    hint: 'What RUN --mount=type=secret,id=… reads. The values are not kept.',
    help: 'secret for RUN --mount=type=secret: a file, a variable of the environment, or id=ID,type=prompt to type it',
    engines: { podman: own, classic: no("docker's classic builder has no RUN --mount"), buildkit: own },
  },
  ssh: {
    kind: 'ssh',
    group: 'secrets',
    name: 'SSH forwarding',
    flag: '--ssh <default|ID[=SOCKET|KEY,...]>',
    hint: 'What RUN --mount=type=ssh reaches. Steps can sign with the keys, but do not get them.',
    help: 'SSH agent or keys for RUN --mount=type=ssh',
    engines: {
      podman: no("podman's API takes no SSH agents"),
      classic: no("docker's classic builder has no RUN --mount"),
      buildkit: own,
    },
  },

  // Network
  network: {
    kind: 'choice',
    group: 'network',
    name: 'network of build steps',
    label: 'Network of build steps',
    flag: '--network <NETWORK>',
    help: 'network of RUN',
    choices: [
      { value: 'default', label: 'Default', hint: 'What the engine does by itself. With podman, that of the node.' },
      { value: 'none', label: 'None', hint: 'Steps reach nothing.' },
      { value: 'host', label: 'Host', hint: 'That of the node, with its ports.' },
    ],
    engines: {
      podman: own,
      classic: parameter('networkmode'),
      buildkit: own,
    },
  },
  addHosts: {
    rule: checked(
      (text) => hostAddress(text) !== undefined,
      'does not name a host and an IP address',
      'Use HOST:IP, for example db:192.168.1.5.',
    ),
    kind: 'list',
    group: 'network',
    name: 'added hosts',
    label: 'Hosts that steps know',
    hint: 'Steps find these hosts at these addresses.',
    flag: '--add-host <HOST:IP>',
    help: 'host that RUN finds at this address',
    engines: everywhere,
  },
  dns: {
    rule: address,
    kind: 'list',
    group: 'network',
    name: 'DNS servers',
    hint: 'Steps use them instead of those of the node.',
    flag: '--dns <IP>',
    help: 'DNS server for RUN',
    elsewhere: { docker: false },
    engines: {
      podman: parameter('dnsservers', 'json'),
      classic: notClassic,
      buildkit: no('BuildKit takes DNS servers only from its own configuration'),
    },
  },
  dnsSearch: {
    kind: 'list',
    group: 'network',
    name: 'DNS search domains',
    hint: 'Steps look for short names of hosts in them.',
    flag: '--dns-search <DOMAIN>',
    help: 'DNS search domain for RUN',
    elsewhere: { docker: false },
    engines: {
      podman: parameter('dnssearch', 'json'),
      classic: notClassic,
      buildkit: no('BuildKit takes DNS search domains only from its own configuration'),
    },
  },
  dnsOptions: {
    kind: 'list',
    group: 'network',
    name: 'DNS options',
    hint: 'Options of resolv.conf in steps.',
    flag: '--dns-option <OPTION>',
    help: 'DNS option for RUN',
    elsewhere: { docker: false },
    engines: {
      podman: parameter('dnsoptions', 'json'),
      classic: notClassic,
      buildkit: no('BuildKit takes DNS options only from its own configuration'),
    },
  },
  proxy: {
    kind: 'switch',
    group: 'network',
    name: 'proxies',
    label: 'Use the proxies of this computer',
    hint: 'HTTP_PROXY, HTTPS_PROXY, FTP_PROXY, ALL_PROXY and NO_PROXY become build arguments.',
    flag: '--http-proxy',
    help: 'pass HTTP_PROXY, HTTPS_PROXY, FTP_PROXY, ALL_PROXY and NO_PROXY as build arguments',
    elsewhere: { docker: false },
    engines: everywhere,
    decidesImage: false,
  },

  // Limits of build steps
  shmSize: {
    rule: { min: 1 },
    kind: 'bytes',
    group: 'limits',
    name: 'size of /dev/shm',
    flag: '--shm-size <SIZE>',
    help: 'size of /dev/shm for RUN, for example 128m',
    engines: { podman: own, classic: parameter('shmsize'), buildkit: parameter('shm-size') },
  },
  ulimits: {
    rule: checked(
      (text) => ulimitOf(text) !== undefined,
      'is not a limit',
      'Use NAME=SOFT[:HARD] with a name from getrlimit(2), for example nofile=1024:4096.',
    ),
    kind: 'list',
    group: 'limits',
    name: 'ulimits',
    label: 'Ulimits',
    hint: 'Limits of steps as in getrlimit(2).',
    flag: '--ulimit <NAME=SOFT[:HARD]>',
    help: 'limit for RUN as in getrlimit(2)',
    engines: { podman: own, classic: own, buildkit: parameter('ulimit', 'comma') },
  },
  memory: {
    rule: { min: 1 },
    kind: 'bytes',
    group: 'limits',
    name: 'memory limit',
    ability: 'memory limits',
    flag: '--memory <SIZE>',
    help: 'memory that a RUN may use',
    elsewhere: { docker: false },
    engines: { podman: parameter('memory'), classic: parameter('memory'), buildkit: notBuildKit },
  },
  memorySwap: {
    rule: { min: -1 },
    kind: 'bytes',
    group: 'limits',
    name: 'limit of memory and swap',
    ability: 'limits of memory and swap',
    flag: '--memory-swap <SIZE>',
    help: 'memory and swap that a RUN may use together; -1: no limit',
    elsewhere: { docker: false },
    engines: { podman: parameter('memswap'), classic: parameter('memswap'), buildkit: notBuildKit },
  },
  cpuShares: {
    rule: { min: 1 },
    kind: 'number',
    group: 'limits',
    name: 'processor shares',
    flag: '--cpu-shares <NUMBER>',
    help: 'processor time of RUN relative to others (default: 1024)',
    elsewhere: { docker: false },
    engines: { podman: parameter('cpushares'), classic: parameter('cpushares'), buildkit: notBuildKit },
  },
  cpuPeriod: {
    rule: { min: 1 },
    kind: 'number',
    group: 'limits',
    name: 'processor period',
    ability: 'processor periods',
    flag: '--cpu-period <MICROSECONDS>',
    help: 'period of --cpu-quota',
    elsewhere: { docker: false },
    engines: { podman: parameter('cpuperiod'), classic: parameter('cpuperiod'), buildkit: notBuildKit },
  },
  cpuQuota: {
    rule: { min: 1 },
    kind: 'number',
    group: 'limits',
    name: 'processor quota',
    ability: 'processor quotas',
    flag: '--cpu-quota <MICROSECONDS>',
    help: 'processor time of RUN in each period',
    elsewhere: { docker: false },
    engines: { podman: parameter('cpuquota'), classic: parameter('cpuquota'), buildkit: notBuildKit },
  },
  cpusetCpus: {
    rule: processorSet,
    kind: 'text',
    group: 'limits',
    name: 'allowed processors',
    ability: 'a choice of processors',
    flag: '--cpuset-cpus <CPUS>',
    help: 'processors that RUN may use: 0-3,8',
    elsewhere: { docker: false },
    engines: { podman: parameter('cpusetcpus'), classic: parameter('cpusetcpus'), buildkit: notBuildKit },
  },
  cpusetMems: {
    rule: processorSet,
    kind: 'text',
    group: 'limits',
    name: 'allowed memory nodes',
    ability: 'a choice of memory nodes',
    flag: '--cpuset-mems <NODES>',
    help: 'memory nodes that RUN may use: 0-3',
    elsewhere: { docker: false },
    engines: { podman: parameter('cpusetmems'), classic: parameter('cpusetmems'), buildkit: notBuildKit },
  },
  cgroupParent: {
    kind: 'text',
    group: 'limits',
    name: 'parent control group',
    flag: '--cgroup-parent <PATH>',
    help: 'control group below which RUN runs',
    engines: {
      podman: parameter('cgroupparent'),
      classic: parameter('cgroupparent'),
      buildkit: parameter('cgroup-parent'),
    },
  },

  // Privileges of build steps
  devices: {
    kind: 'list',
    group: 'privileges',
    name: 'devices',
    hint: 'Devices of the node that steps may use.',
    flag: '--device <DEVICE[:PATH[:RWM]]>',
    help: 'device of the node that RUN may use',
    elsewhere: { docker: false },
    engines: { podman: parameter('devices', 'json'), classic: notClassic, buildkit: notBuildKit },
  },
  capAdd: {
    rule: capability,
    kind: 'list',
    separator: ',',
    group: 'privileges',
    name: 'added capabilities',
    hint: 'Capabilities that steps get beside the usual ones.',
    flag: '--cap-add <CAPABILITIES>',
    help: 'capabilities that RUN gets: a,b',
    elsewhere: { docker: false },
    engines: { podman: parameter('addcaps', 'json'), classic: notClassic, buildkit: notBuildKit },
  },
  capDrop: {
    rule: capability,
    kind: 'list',
    separator: ',',
    group: 'privileges',
    name: 'dropped capabilities',
    hint: 'Capabilities that steps do not get.',
    flag: '--cap-drop <CAPABILITIES>',
    help: 'capabilities that RUN does not get: a,b',
    elsewhere: { docker: false },
    engines: { podman: parameter('dropcaps', 'json'), classic: notClassic, buildkit: notBuildKit },
  },
  securityOpts: {
    rule: {
      pattern: /^(?:label|seccomp|apparmor)=./,
      problem: 'is not a security option of builds',
      fix: 'Use label=…, seccomp=… or apparmor=…, for example seccomp=unconfined.',
    },
    kind: 'list',
    group: 'privileges',
    name: 'security options',
    hint: 'For example label=disable or seccomp=unconfined.',
    flag: '--security-opt <OPTION>',
    help: 'security option of RUN, for example label=disable or seccomp=unconfined',
    elsewhere: { docker: false },
    engines: {
      podman: own,
      classic: no("docker's classic builder takes security options only on Windows"),
      buildkit: notBuildKit,
    },
  },
  isolation: {
    kind: 'choice',
    group: 'privileges',
    name: 'isolation',
    label: 'Isolation of build steps',
    flag: '--isolation <TYPE>',
    help: 'how RUN is kept apart from the node',
    choices: [
      { value: 'default', label: 'Default', hint: 'What the engine does by itself.' },
      { value: 'oci', label: 'Container', hint: 'A container of an OCI runtime.' },
      { value: 'rootless', label: 'Container without root', hint: 'A container that needs no rights of root.' },
      { value: 'chroot', label: 'Chroot', hint: 'Only other files. For nodes that are containers themselves.' },
    ],
    elsewhere: { docker: false },
    engines: { podman: parameter('isolation'), classic: notClassic, buildkit: notBuildKit },
  },

  // Nodes
  queuePriority: {
    kind: 'choice',
    group: 'nodes',
    name: 'priority in the queue',
    label: 'Priority in the queue',
    hint: 'Which of the builds that wait for the same node comes first.',
    flag: '--priority <PRIORITY>',
    help: 'which of the builds that wait for the same node comes first: high, normal (default) or low',
    elsewhere: { podman: false, docker: false },
    choices: [
      { value: 'normal', label: 'Normal', hint: 'Builds take turns.' },
      { value: 'high', label: 'High', hint: 'It comes before all builds that have waited for less than ten minutes.' },
      { value: 'low', label: 'Low', hint: 'It comes after others, until it has waited for ten minutes.' },
    ],
    engines: everywhere,
    decidesImage: false,
  },
  exclude: {
    kind: 'list',
    separator: ',',
    group: 'nodes',
    name: 'excluded nodes',
    label: 'Nodes that build nothing',
    hint: 'Connections that this build does not use.',
    flag: '--exclude <CONNECTIONS>',
    help: 'connections that this build does not use: a,b',
    rule: {
      pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
      problem: 'is not the name of a connection',
      fix: 'Use the name of a connection.',
    },
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  retention: {
    isAlwaysSet: true,
    kind: 'choice',
    group: 'nodes',
    name: 'image retention',
    label: 'Keep on nodes after the build',
    help: 'what stays on the nodes',
    choices: [
      {
        value: 'cache',
        label: 'Build cache',
        hint: 'The newest image stays untagged, so that the next build is faster.',
      },
      {
        value: 'tagged',
        label: 'Tagged image',
        hint: 'The image stays on each node under its name, ready to run.',
        flag: '--keep',
        help: 'keep the image on its node, tagged',
      },
      {
        value: 'nothing',
        label: 'Nothing',
        hint: 'Everything is removed. The next build starts from scratch.',
        flag: '--cleanup',
        help: 'leave nothing on the nodes, not even a build cache',
      },
    ],
    elsewhere: { podman: false, docker: false },
    engines: {
      podman: own,
      classic: own,
      docker: own,
      buildkit: { own: true, except: { tagged: 'BuildKit keeps no images' } },
    },
  },
  rm: {
    kind: 'switch',
    isOn: true,
    group: 'nodes',
    name: 'removal of build containers',
    ability: 'keeping the containers of steps',
    label: 'Remove containers of steps that succeed',
    hint: 'Without it, they stay on the nodes, so that one can look into them.',
    flag: '--rm [BOOLEAN]',
    help: 'false: keep the containers of steps of a build that succeeds',
    elsewhere: { docker: false },
    engines: {
      podman: parameter('rm', 'flag'),
      classic: parameter('rm', 'flag'),
      buildkit: { own: true, except: { false: 'BuildKit has no containers that could be kept' } },
    },
    decidesImage: false,
  },
  forceRm: {
    kind: 'switch',
    isOn: true,
    group: 'nodes',
    name: 'removal of containers of failed builds',
    ability: 'keeping the containers of steps that fail',
    label: 'Remove containers of steps that fail',
    hint: 'Without it, they stay on the nodes, so that one can look into them.',
    flag: '--force-rm [BOOLEAN]',
    help: 'false: keep the containers of steps of a build that fails',
    elsewhere: { docker: false },
    engines: {
      podman: parameter('forcerm', 'flag'),
      classic: parameter('forcerm', 'flag'),
      buildkit: { own: true, except: { false: 'BuildKit has no containers that could be kept' } },
    },
    decidesImage: false,
  },
  jobs: {
    rule: { min: 0, max: 1000 },
    kind: 'number',
    group: 'nodes',
    name: 'parallel stages',
    ability: 'a number of parallel stages',
    label: 'Stages that a node builds at once',
    flag: '--jobs <NUMBER>',
    help: 'how many stages a podman node builds at once; 0: as many as there are',
    elsewhere: { docker: false },
    engines: {
      podman: parameter('jobs'),
      classic: no("docker's classic builder builds one stage after the other"),
      buildkit: no('BuildKit always builds stages at once'),
    },
    decidesImage: false,
  },

  retryElsewhere: {
    kind: 'switch',
    group: 'nodes',
    name: 'another node for failed steps',
    label: 'Try a failed step on another node',
    hint: 'A job whose step fails is built once more, on another node.',
    flag: '--retry-elsewhere',
    help: 'also try another node when a step fails',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  secondStart: {
    rule: {
      pattern: /^(auto|off|[1-9]\d{0,5})$/,
      problem: 'is not a time',
      fix: 'Use auto, off, or a number of seconds.',
    },
    kind: 'text',
    group: 'nodes',
    name: 'second start of slow jobs',
    label: 'Start slow jobs a second time',
    hint: 'A job that takes far longer than estimated is also started on an idle node, and the first image is taken. auto, off, or after how many seconds.',
    flag: '--second-start [SECONDS]',
    help: 'also start a job on an idle node when it takes more than twice as long as estimated, or so many seconds, and take the first image; auto (default without a value), off, or a number',
    bare: 'auto',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },

  // Attestations
  provenance: {
    kind: 'switch',
    group: 'attestations',
    name: 'provenance',
    label: 'Record how the image was made',
    hint: 'SLSA provenance: sources, base images and nodes. It can be read by all who can pull the image.',
    flag: '--provenance [BOOLEAN]',
    isInSettings: true,
    help: 'record how the images were made (SLSA provenance), and attach it to them',
    elsewhere: { podman: false, docker: '--provenance' },
    engines: everywhere,
    decidesImage: false,
  },
  sbom: {
    kind: 'switch',
    group: 'attestations',
    name: 'SBOM',
    label: 'List the packages of the image (SBOM)',
    hint: 'In the format SPDX, made here from the package databases of the image.',
    flag: '--sbom [BOOLEAN]',
    isInSettings: true,
    help: 'list the packages of the images (SPDX), and attach the list to them',
    elsewhere: { podman: false, docker: '--sbom' },
    engines: everywhere,
    decidesImage: false,
  },
  attestInList: {
    kind: 'switch',
    group: 'attestations',
    name: 'attestations in the list',
    label: 'Attestations are entries of the manifest list',
    hint: 'As docker buildx writes them. Otherwise they are beside the list, which keeps its digest.',
    flag: '--attest-in-list',
    help: 'make provenance and SBOM entries of the manifest list, as docker buildx does',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },

  attest: {
    rule: { check: attestationProblem },
    kind: 'list',
    group: 'attestations',
    name: 'attestations of the builder',
    label: 'Attestations that BuildKit makes',
    hint: 'As for docker buildx: type=provenance,mode=max or type=sbom. Where a node has no BuildKit that makes them, Barnraiser makes its own.',
    flag: '--attest <ATTESTATION>',
    help: 'attestations that BuildKit makes, as for docker buildx: type=provenance,mode=max or type=sbom,generator=IMAGE; where a node cannot, Barnraiser makes its own',
    elsewhere: { podman: false },
    engines: everywhere,
  },
  sign: {
    kind: 'switch',
    group: 'attestations',
    name: 'signature',
    label: 'Sign the image',
    hint: 'With a key, as cosign does it: the list, the images of its platforms, and their attestations.',
    flag: '--sign [BOOLEAN]',
    isInSettings: true,
    help: 'sign the list, its images and attestations with a key, as cosign does',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  signKey: {
    kind: 'file',
    group: 'attestations',
    name: 'key for signatures',
    label: 'Private key',
    hint: 'A key of cosign, or PEM. Without it, the one in the settings signs.',
    flag: '--sign-key <FILE>',
    help: 'private key that signs: that of cosign, or PEM (default: that of the settings); its password is asked for, or in COSIGN_PASSWORD',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },

  // Output
  existing: {
    kind: 'choice',
    group: 'output',
    name: 'images that are there',
    label: 'If the image is there already',
    help: 'what is done with platforms that are there already under the name of the image',
    choices: [
      { value: 'build', label: 'Build it', hint: 'Every platform is built.' },
      {
        value: 'skip',
        label: 'Skip it',
        hint: 'Platforms that local storage or the registry has under this name are not built.',
        flag: '--skip-existing',
        help: 'do not build platforms that local storage or the registry has under this name',
      },
      {
        value: 'pull',
        label: 'Pull it',
        hint: 'The same, and what only the registry has is pulled into local storage.',
        flag: '--pull-existing',
        help: 'the same, and pull what only the registry has into local storage',
      },
      {
        value: 'only',
        label: 'Use only what is there',
        hint: 'Nothing is built. The build fails if a platform is not there.',
        flag: '--no-build',
        help: 'build nothing: fail if local storage or the registry lacks a platform',
      },
    ],
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  releaseTag: {
    rule: {
      pattern: /^\w[\w.-]{0,127}$/,
      problem: 'is not a tag',
      fix: 'Use 1 to 128 letters, digits, dots, dashes or underscores.',
    },
    kind: 'text',
    group: 'output',
    name: 'release tag',
    label: 'Release tag',
    hint: 'After a push, the list also gets this tag. One that refers to another image is never changed.',
    flag: '--release <TAG>',
    help: 'with --push: also give the pushed list this tag, unless another image has it',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  archTags: {
    kind: 'switch',
    group: 'output',
    name: 'tags of single platforms',
    label: 'Tag each platform, too',
    hint: 'After a push, the image of each platform also has a tag of its own: 1.4-amd64.',
    flag: '--arch-tags',
    help: 'with --push: also tag the image of each platform, as in NAME:TAG-amd64',
    elsewhere: { podman: false, docker: false },
    engines: everywhere,
    decidesImage: false,
  },
  outputs: {
    rule: { check: outputProblem },
    kind: 'list',
    group: 'output',
    name: 'outputs',
    flag: '-o, --output <OUTPUT>',
    help: 'where the image goes besides local storage: oci-archive:FILE, oci:FOLDER, docker-archive:FILE, dir:FOLDER, rootfs:FOLDER, rootfs:FILE.tar, docker-daemon:, podman:, node:CONNECTION, or type=TYPE,dest=DEST as for buildx; with @PLATFORMS at its end only these; - as a file is standard output',
    engines: everywhere,
    decidesImage: false,
    isElsewhere: true,
  },
  iidfile: {
    isTerminalOnly: true,
    kind: 'file',
    group: 'output',
    name: 'digest file',
    flag: '--iidfile <FILE>',
    help: 'write the digest of the manifest list to a file',
    engines: everywhere,
    isElsewhere: true,
  },
  metadataFile: {
    isTerminalOnly: true,
    kind: 'file',
    group: 'output',
    name: 'metadata file',
    flag: '--metadata-file <FILE>',
    help: 'write what was built to a file, as JSON',
    elsewhere: { podman: false },
    engines: everywhere,
    isElsewhere: true,
  },
  logfile: {
    isTerminalOnly: true,
    kind: 'file',
    group: 'output',
    name: 'log file',
    flag: '--logfile <FILE>',
    help: 'write the log of the build to a file, too',
    elsewhere: { docker: false },
    engines: everywhere,
    isElsewhere: true,
  },
  quiet: {
    isTerminalOnly: true,
    kind: 'switch',
    group: 'output',
    name: 'quiet output',
    flag: '-q, --quiet',
    help: 'print only the digest of the manifest list, and problems',
    engines: everywhere,
    isElsewhere: true,
  },
} as const satisfies Record<string, BuildOption>;

type Table = typeof buildOptions;
export type OptionName = keyof Table;
/** The options that are fields of a build request. */
export type RequestOptionName = {
  [K in OptionName]: Table[K] extends { readonly isTerminalOnly: true } ? never : K;
}[OptionName];

/** The value of an option in a request. */
export type OptionValue<K extends OptionName> = Table[K] extends {
  readonly choices: readonly { readonly value: infer V }[];
}
  ? V
  : KindValues[Table[K]['kind']];

/** The options that every request has a value for. */
export type SetOptionName = {
  [K in RequestOptionName]: Table[K] extends { readonly isAlwaysSet: true } ? K : never;
}[RequestOptionName];

/** When a node pulls base images. */
export type PullPolicy = OptionValue<'pull'>;
/** What stays on a node after a build. */
export type Retention = OptionValue<'retention'>;
/** The format of the images. */
export type ImageFormat = OptionValue<'format'>;

export const requestOptionNames: readonly RequestOptionName[] = Object.entries<BuildOption>(buildOptions).flatMap(
  ([name, { isTerminalOnly }]) => (isTerminalOnly ? [] : [name as RequestOptionName]),
);
const requestOptions: ReadonlySet<string> = new Set(requestOptionNames);

export function isRequestOption(name: string): name is RequestOptionName {
  return requestOptions.has(name);
}

/** The values of options in a build request. */
export type OptionValues = { readonly [K in RequestOptionName]?: OptionValue<K> | undefined };

/** The options among the fields of a build request. */
export function optionsOf(request: OptionValues): OptionValues {
  return Object.fromEntries(Object.entries(request).filter(([name]) => isRequestOption(name)));
}

/** The row of an option, without the type of its schema. */
export function optionRow(name: OptionName): BuildOption {
  return buildOptions[name];
}

export function supportOf(name: OptionName, builder: Builder): Support {
  const { engines } = optionRow(name);
  return builder === 'docker' ? (engines.docker ?? engines.buildkit) : engines[builder];
}

/** The values of a choice, in order. */
export function choicesOf(name: OptionName): string[] {
  return (optionRow(name).choices ?? []).map(({ value }) => value);
}

/** The value that an option has if it is not in a request. */
export function defaultOf(name: OptionName): unknown {
  const { kind, isOn = false } = optionRow(name);
  return kind === 'switch' ? isOn : kind === 'choice' ? choicesOf(name)[0] : kind === 'pairs' ? {} : undefined;
}

/** Whether a value is other than what a build does without it. */
export function isChanged(name: RequestOptionName, value: unknown): boolean {
  const isEmpty =
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return !isEmpty && value !== '' && (value !== defaultOf(name) || optionRow(name).isInSettings === true);
}

/** What is wrong with a text. */
export function problemOf(rule: TextRule | TextCheck, text: string): TextProblem | undefined {
  return 'check' in rule ? rule.check(text) : rule.pattern.test(text) ? undefined : rule;
}
