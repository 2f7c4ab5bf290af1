import type { FixId } from '../../shared/check.ts';
import type { CallInput } from '../../shared/contract.ts';
import type { DiscoverySource } from '../../shared/discovery.ts';
import type { NodeSelection } from '../../shared/farm.ts';
import type { Platform } from '../../shared/platform.ts';

/** Where the password of a push comes from: the command line, the first line of standard input, or a prompt. */
export type PasswordSource =
  | { readonly from: 'argument'; readonly text: string }
  | { readonly from: 'input' | 'prompt' };

export interface PushCredentials {
  readonly username: string;
  readonly password: PasswordSource;
}

/** A parsed command line. Paths are absolute; names and references are valid. */
export type Command =
  | { readonly kind: 'connection.add'; readonly connection: CallInput<'connections.add'>; readonly test: boolean }
  | { readonly kind: 'connection.update'; readonly change: CallInput<'connections.update'> }
  | { readonly kind: 'connection.list' }
  | { readonly kind: 'connection.remove'; readonly names: readonly string[] }
  | { readonly kind: 'connection.test'; readonly names: readonly string[] }
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
  | { readonly kind: 'status'; readonly selection: NodeSelection }
  | { readonly kind: 'platforms'; readonly selection: NodeSelection }
  | {
      readonly kind: 'build';
      /** Without a reference, the build gets the name that the window proposes. */
      readonly request: Omit<CallInput<'builds.start'>, 'reference'> & { readonly reference?: string };
      /** For the push that the request asks for. */
      readonly credentials?: PushCredentials;
      /** The Containerfile is read from this file descriptor. */
      readonly containerfileFrom?: number;
      /** The digest of the manifest list is written to this file. */
      readonly digestFile?: string;
    }
  | {
      readonly kind: 'retry';
      readonly request: CallInput<'builds.retry'>;
      readonly credentials?: PushCredentials;
      readonly digestFile?: string;
    }
  /** Without a limit: all builds. */
  | { readonly kind: 'builds'; readonly text: string; readonly limit?: number }
  | { readonly kind: 'builds.remove'; readonly ids: readonly string[] }
  | { readonly kind: 'cancel'; readonly build: string; readonly platform?: Platform }
  /** Without a build: of the newest. `follow`: until it has ended. */
  | { readonly kind: 'logs'; readonly build?: string; readonly platform?: Platform; readonly follow: boolean }
  /** Without a build: of the newest. */
  | { readonly kind: 'graph'; readonly build?: string }
  | { readonly kind: 'images' }
  | { readonly kind: 'inspect'; readonly reference: string }
  | {
      readonly kind: 'push';
      readonly reference: string;
      readonly destination?: string;
      /** Store and push the finished images of the newest build of the reference, although the build is incomplete. */
      readonly incomplete: boolean;
      readonly tlsVerify: boolean;
      readonly credentials?: PushCredentials;
    }
  | { readonly kind: 'export'; readonly reference: string; readonly destination: string }
  /** `cache`: also what is kept only for later builds. */
  | { readonly kind: 'rm'; readonly references: readonly string[]; readonly cache?: true }
  | { readonly kind: 'prune'; readonly selection: NodeSelection }
  /** Writes a sample project to this folder, or to the data folder. */
  | { readonly kind: 'sample'; readonly folder?: string };

export interface GlobalOptions {
  /** Print results and events as JSON, one object per line. */
  readonly json: boolean;
  /** Trust host keys that are not in known_hosts, and save them. Changed keys are still rejected. */
  readonly acceptNewHostKeys: boolean;
}
