import type { FixId } from '../../shared/check.ts';
import type { CallInput, Selection } from '../../shared/contract.ts';
import type { DiscoverySource } from '../../shared/discovery.ts';
import type { Platform } from '../../shared/platform.ts';

/** How the password of a push is given: on the command line, as the first line of standard input, or asked for. */
export type Password = { readonly from: 'argument'; readonly text: string } | { readonly from: 'input' | 'prompt' };

/** What a person asked for on the command line. Paths are absolute, names and references are checked. */
export type Command =
  | { readonly kind: 'connection.add'; readonly connection: CallInput<'connections.add'>; readonly test: boolean }
  | { readonly kind: 'connection.list' }
  | { readonly kind: 'connection.remove'; readonly names: readonly string[] }
  | { readonly kind: 'connection.test'; readonly names: readonly string[] }
  | { readonly kind: 'connection.fix'; readonly name: string; readonly fix: FixId }
  | { readonly kind: 'connection.resolve'; readonly request: CallInput<'connections.resolve'> }
  | {
      readonly kind: 'connection.import';
      /** Where to look; none means everywhere. */
      readonly sources: readonly Exclude<DiscoverySource, 'file'>[];
      /** A file to import instead; `-` is standard input. */
      readonly file?: string;
      /** What to import, by the names that the preview shows. None of them and not all: only the preview. */
      readonly names: readonly string[];
      readonly farms: readonly string[];
      readonly all: boolean;
      readonly dryRun: boolean;
    }
  | {
      readonly kind: 'connection.export';
      /** Without one, standard output. */
      readonly file?: string;
      /** Replace a file that is there. */
      readonly force: boolean;
    }
  | { readonly kind: 'farm.create'; readonly farm: CallInput<'farms.create'> }
  | { readonly kind: 'farm.list' }
  | { readonly kind: 'farm.update'; readonly change: CallInput<'farms.update'> }
  | { readonly kind: 'farm.remove'; readonly names: readonly string[] }
  | { readonly kind: 'status'; readonly selection: Selection }
  | { readonly kind: 'platforms'; readonly selection: Selection }
  | {
      readonly kind: 'build';
      readonly request: CallInput<'builds.start'>;
      /** A file that gets the digest of the manifest list. */
      readonly digestFile?: string;
    }
  | { readonly kind: 'builds' }
  | { readonly kind: 'logs'; readonly build: string; readonly platform?: Platform }
  | { readonly kind: 'images' }
  | { readonly kind: 'inspect'; readonly reference: string }
  | {
      readonly kind: 'push';
      readonly reference: string;
      readonly destination?: string;
      readonly tlsVerify: boolean;
      readonly credentials?: { readonly username: string; readonly password: Password };
    }
  | { readonly kind: 'export'; readonly reference: string; readonly destination: string }
  | { readonly kind: 'rm'; readonly references: readonly string[] }
  | { readonly kind: 'prune'; readonly selection: Selection }
  /** Writes a sample project, into this folder or the data folder. */
  | { readonly kind: 'sample'; readonly folder?: string };

export interface GlobalOptions {
  /** Print answers and events as JSON, one a line. */
  readonly json: boolean;
  /** Trust the key of a host that is not in known_hosts and save it. A changed key is refused all the same. */
  readonly acceptNewHostKeys: boolean;
}
