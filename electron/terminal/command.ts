import type { BuildRequest } from '../../shared/build.ts';
import type { FixId } from '../../shared/check.ts';
import type { CallInput } from '../../shared/contract.ts';
import type { DiscoverySource } from '../../shared/discovery.ts';
import type { EquivalentKind } from '../../shared/equivalent.ts';
import type { NodeSelection } from '../../shared/farm.ts';
import type { SampleRange } from '../../shared/node-history.ts';
import type { Platform } from '../../shared/platform.ts';
import type { PushCompression } from '../../shared/push.ts';
import type { HoldState, QueueMove } from '../../shared/queue.ts';
import type { LoginStore } from '../../shared/registry.ts';
import type { SampleName } from '../../shared/samples.ts';
import type { AttestationCommand } from './attestation-command.ts';

/** Where the password of a push comes from: the command line, the first line of standard input, or a prompt. */
export type PasswordSource =
  | { readonly from: 'argument'; readonly text: string }
  | { readonly from: 'input' | 'prompt' };

export interface PushCredentials {
  readonly username: string;
  readonly password: PasswordSource;
}

/** Files that a build writes what it made to. */
export interface OutputFiles {
  /** Gets the digest of the manifest list. */
  readonly iidfile?: string;
  /** Gets what was built, as JSON. */
  readonly metadataFile?: string;
  /** Gets the log. */
  readonly logfile?: string;
}

export const lintFormats = ['text', 'json', 'sarif'] as const;
export type LintFormat = (typeof lintFormats)[number];

/** What a build does with warnings about its Containerfile: show them, refuse to build, or hide them. */
export const lintLevels = ['warn', 'error', 'off'] as const;
export type LintLevel = (typeof lintLevels)[number];

/** A parsed command line. Paths are absolute; names and references are valid. */
export type Command =
  | { readonly kind: 'connection.add'; readonly connection: CallInput<'connections.add'>; readonly test: boolean }
  | { readonly kind: 'connection.update'; readonly change: CallInput<'connections.update'> }
  | { readonly kind: 'connection.list' }
  | { readonly kind: 'connection.remove'; readonly names: readonly string[] }
  | { readonly kind: 'connection.test'; readonly names: readonly string[] }
  | { readonly kind: 'connection.use-again'; readonly names: readonly string[] }
  | { readonly kind: 'connection.fix'; readonly name: string; readonly fix: FixId }
  | { readonly kind: 'connection.resolve'; readonly request: CallInput<'connections.resolve'> }
  | {
      readonly kind: 'connection.import';
      /** Where to look. Empty: everywhere. */
      readonly sources: readonly Exclude<DiscoverySource, 'file'>[];
      /** A file to import instead. `-` is standard input. */
      readonly file?: string;
      /** Names from the preview. Without names, farms and `all`, only the preview is shown. */
      readonly names: readonly string[];
      readonly farms: readonly string[];
      readonly all: boolean;
      readonly dryRun: boolean;
    }
  | {
      readonly kind: 'connection.export';
      /** Default: standard output. */
      readonly file?: string;
      /** Replaces an existing file. */
      readonly force: boolean;
    }
  | { readonly kind: 'farm.create'; readonly farm: CallInput<'farms.create'> }
  | { readonly kind: 'farm.list' }
  | { readonly kind: 'farm.update'; readonly change: CallInput<'farms.update'> }
  | { readonly kind: 'farm.remove'; readonly names: readonly string[] }
  | { readonly kind: 'queue'; readonly farm?: string; readonly watch: boolean }
  | { readonly kind: 'queue.move'; readonly id: string; readonly to: QueueMove }
  /** Without a build: the whole queue. */
  | { readonly kind: 'queue.pause' | 'queue.resume'; readonly id?: string }
  | {
      readonly kind: 'node.hold';
      readonly names: readonly string[];
      readonly state: HoldState;
      readonly reason?: string;
    }
  | { readonly kind: 'node.resume'; readonly names: readonly string[] }
  | { readonly kind: 'node.holds' }
  | { readonly kind: 'status'; readonly selection: NodeSelection }
  /** What is known of nodes over a range, without contacting them. */
  | { readonly kind: 'status.history'; readonly selection: NodeSelection; readonly range: SampleRange }
  | { readonly kind: 'statistics'; readonly request: CallInput<'statistics.get'> }
  | { readonly kind: 'platforms'; readonly selection: NodeSelection }
  | {
      readonly kind: 'build';
      /** Without a reference, the build gets the name that the window proposes. */
      readonly request: Omit<CallInput<'builds.start'>, 'reference'> & { readonly reference?: string };
      /** For the push that the request asks for. */
      readonly credentials?: PushCredentials;
      /** Whether it has the options of the project's recipes, where the command line has none. */
      readonly usesRecipe: boolean;
      /** The Containerfile is read from this file descriptor. */
      readonly containerfileFrom?: number;
      /** Default: `warn`. */
      readonly lint?: LintLevel;
      /** What equals the build with this tool is printed, and nothing is built. */
      readonly equivalent?: EquivalentKind;
      /** Its plan is printed, and nothing is built. */
      readonly dryRun?: true;
      /** Only the digest and problems are printed. */
      readonly quiet: boolean;
      readonly outputFiles: OutputFiles;
    }
  | {
      readonly kind: 'watch';
      readonly build: Omit<BuildCommand, 'kind'>;
      readonly watch: Omit<NonNullable<CallInput<'watches.start'>['watch']>, 'excluded'>;
    }
  | {
      readonly kind: 'schedule.add';
      readonly build: Omit<BuildCommand, 'kind'>;
      readonly cron: string;
      /** Without a name, it has that of the project. */
      readonly name?: string;
      readonly timeZone?: string;
      readonly missed: 'skip' | 'run';
      readonly onlyIfChanged: boolean;
      readonly onlyIfBaseNewer: boolean;
      readonly isPaused: boolean;
      /** Whether it may replace the one with its name. */
      readonly replaces: boolean;
    }
  | {
      readonly kind: 'schedule.prune';
      readonly name: string;
      readonly cron: string;
      readonly timeZone?: string;
      readonly nodes: NodeSelection;
      readonly rules: CallInput<'storage.preview'>['rules'];
      readonly replaces: boolean;
      readonly yes: boolean;
    }
  | { readonly kind: 'schedule.list' }
  | { readonly kind: 'schedule.remove'; readonly names: readonly string[] }
  | { readonly kind: 'schedule.pause'; readonly names: readonly string[]; readonly isPaused: boolean }
  | { readonly kind: 'schedule.run'; readonly name: string }
  | { readonly kind: 'schedule.times'; readonly cron: string; readonly timeZone?: string }
  | { readonly kind: 'schedule.daemon' }
  | {
      readonly kind: 'bake';
      /** Where the files are, and where paths in them start. */
      readonly folder: string;
      readonly targets: readonly string[];
      /** Instead of the files with the usual names. */
      readonly files: readonly string[];
      readonly overrides: readonly string[];
      /** Before those of the environment. */
      readonly variables: Readonly<Record<string, string>>;
      readonly allow: readonly string[];
      readonly output: 'build' | 'print' | 'list';
      /** For all images. A push is of the chosen ones. */
      readonly flags: Partial<Omit<CallInput<'builds.start'>, 'pushCredentials'>>;
      readonly credentials?: PushCredentials;
    }
  | {
      readonly kind: 'pkg.build';
      readonly folders: readonly string[];
      readonly options: NonNullable<CallInput<'packages.describe'>['options']>;
      /** For all images. */
      readonly flags: Partial<Pick<BuildRequest, 'farm' | 'connections' | 'emulate' | 'skip' | 'ssh'>>;
      /** Prints what would be built. */
      readonly isDryRun: boolean;
      /** What of the command line is left out, and why. */
      readonly notes: readonly string[];
      readonly credentials?: PushCredentials;
    }
  | {
      readonly kind: 'pkg.tags';
      readonly folders: readonly string[];
      readonly options: NonNullable<CallInput<'packages.tags'>['options']>;
      readonly isCanonical: boolean;
    }
  | { readonly kind: 'recipe.show'; readonly folder: string }
  | {
      readonly kind: 'recipe.save';
      readonly folder: string;
      /** Default: the newest of the project. */
      readonly build?: string;
      readonly destination: 'app' | 'project';
      /** Replaces a recipe that is there. */
      readonly force: boolean;
    }
  | { readonly kind: 'recipe.remove'; readonly folder: string }
  | {
      readonly kind: 'lint';
      readonly request: Omit<CallInput<'projects.lint'>, 'containerfile'>;
      /** The Containerfile is read from this file descriptor. */
      readonly containerfileFrom?: number;
      readonly format: LintFormat;
      /** Warnings and notes count as errors. */
      readonly isStrict: boolean;
    }
  | {
      readonly kind: 'retry';
      /** Without an id: the newest build. */
      readonly request: Omit<CallInput<'builds.retry'>, 'id'> & { readonly id?: string };
      readonly credentials?: PushCredentials;
      readonly outputFiles: OutputFiles;
    }
  | {
      readonly kind: 'resume';
      /** Of a build or a bake. Without it: the build that was interrupted last. */
      readonly id?: string;
      readonly acceptsChanges: boolean;
      readonly credentials?: PushCredentials;
      readonly outputFiles: OutputFiles;
    }
  /** Without a limit: all builds. */
  | { readonly kind: 'builds'; readonly text: string; readonly limit?: number }
  /** `all`: every build that has ended. */
  | { readonly kind: 'builds.remove'; readonly ids: readonly string[]; readonly all?: true }
  | { readonly kind: 'cancel'; readonly build: string; readonly platform?: Platform }
  /** Without a build: of the newest. `follow`: until it has ended. */
  | { readonly kind: 'logs'; readonly build?: string; readonly platform?: Platform; readonly follow: boolean }
  /** The same build with other tools. Without a tool: with all of them. Without a build: of the newest. */
  | { readonly kind: 'equivalent'; readonly build?: string; readonly tool?: EquivalentKind }
  /** Without a build: of the newest. */
  | { readonly kind: 'graph'; readonly build?: string }
  | { readonly kind: 'images' }
  /** Without a platform: all. */
  | { readonly kind: 'inspect'; readonly reference: string; readonly platform?: Platform }
  | {
      readonly kind: 'files';
      readonly request: Omit<CallInput<'images.files'>, 'from' | 'count' | 'task'>;
      /** Where the content of the file goes. `-`: standard output. */
      readonly output?: string;
    }
  | { readonly kind: 'tag'; readonly reference: string; readonly names: readonly string[] }
  | { readonly kind: 'untag'; readonly references: readonly string[] }
  /** Without references: all images. */
  | {
      readonly kind: 'verify';
      readonly references: readonly string[];
      readonly repair: boolean;
      readonly tlsVerify: boolean;
    }
  /** `-`: standard input. */
  | { readonly kind: 'load'; readonly paths: readonly string[]; readonly reference?: string }
  | {
      readonly kind: 'push';
      readonly reference: string;
      /** Without one: the registry that the reference names. */
      readonly destinations: readonly string[];
      readonly compression?: PushCompression;
      /** Store and push the finished images of the newest build of the reference, although the build is incomplete. */
      readonly incomplete: boolean;
      /** Add the images to the list that the registry has. */
      readonly merge: boolean;
      readonly tlsVerify: boolean;
      readonly credentials?: PushCredentials;
    }
  | {
      readonly kind: 'copy';
      readonly request: Omit<CallInput<'copies.start'>, 'sourceCredentials' | 'credentials' | 'destinations'>;
      readonly destinations: readonly string[];
      readonly sourceCredentials?: PushCredentials;
      readonly credentials?: PushCredentials;
    }
  | { readonly kind: 'bases'; readonly check: boolean }
  | {
      readonly kind: 'compare';
      readonly request: Omit<CallInput<'images.compare'>, 'credentials'>;
      /** How many differences of each kind are printed. */
      readonly limit: number;
      readonly credentials?: PushCredentials;
    }
  | {
      readonly kind: 'manifest.inspect';
      readonly request: Omit<CallInput<'lists.inspect'>, 'credentials'>;
      /** The manifest exactly as it is, instead of what it says. */
      readonly raw: boolean;
      readonly credentials?: PushCredentials;
    }
  | {
      readonly kind: 'manifest.edit';
      readonly request: Omit<CallInput<'lists.edit'>, 'credentials'>;
      readonly credentials?: PushCredentials;
    }
  | {
      readonly kind: 'export';
      readonly reference: string;
      /** See `parseOutput`. */
      readonly outputs: readonly string[];
      /** Replaces files and folders that are there. */
      readonly force: boolean;
      /** Also exports a list that lacks platforms. */
      readonly incomplete?: true;
    }
  | {
      readonly kind: 'pull';
      readonly request: Omit<CallInput<'copies.pull'>, 'credentials'>;
      readonly credentials?: PushCredentials;
    }
  | {
      readonly kind: 'tags';
      readonly request: Omit<CallInput<'registry.tags'>, 'credentials'>;
      readonly credentials?: PushCredentials;
    }
  | {
      readonly kind: 'login';
      readonly name: string;
      /** Without it: a prompt. */
      readonly username?: string;
      readonly password: PasswordSource;
      readonly store?: LoginStore;
      readonly tlsVerify: boolean;
    }
  | { readonly kind: 'login.list' }
  | { readonly kind: 'logout'; readonly request: CallInput<'registries.logout'> }
  | { readonly kind: 'registry.list' }
  | { readonly kind: 'registry.add'; readonly change: CallInput<'registries.add'> }
  | { readonly kind: 'registry.set'; readonly change: CallInput<'registries.set'> }
  | { readonly kind: 'registry.remove'; readonly names: readonly string[] }
  | {
      readonly kind: 'registry.delete';
      readonly image: string;
      readonly tlsVerify: boolean;
      readonly credentials?: PushCredentials;
    }
  | { readonly kind: 'registry.check'; readonly request: CallInput<'registries.check'> }
  /** `all`: every image. `cache`: also what is kept only for later builds. */
  | { readonly kind: 'rm'; readonly references: readonly string[]; readonly all?: true; readonly cache?: true }
  | { readonly kind: 'df'; readonly selection: NodeSelection }
  | {
      readonly kind: 'prune';
      readonly selection: NodeSelection;
      readonly rules: CallInput<'storage.preview'>['rules'];
      readonly dryRun: boolean;
      readonly yes: boolean;
    }
  | AttestationCommand
  | ExplainCommand
  | { readonly kind: 'sample.list' }
  /** Writes a sample project to this folder. */
  | { readonly kind: 'sample'; readonly name: SampleName; readonly folder: string };

/** Without a text: lists all problems. */
export interface ExplainCommand {
  readonly kind: 'explain';
  /** A code, the start of one, or a part of a message. */
  readonly text?: string;
}

export type BuildCommand = Extract<Command, { readonly kind: 'build' }>;

export interface GlobalOptions {
  /** Print results and events as JSON, one object per line. */
  readonly json: boolean;
  /** Trust host keys that are not in known_hosts, and save them. Changed keys are still rejected. */
  readonly acceptNewHostKeys: boolean;
  /** Progress is printed as lines, also on a terminal. */
  readonly plainProgress: boolean;
}
