import { isIP } from 'node:net';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { keyTypeLabel } from '../../../shared/question.ts';
import type { ConnectProgress } from '../../ssh/connect-options.ts';
import type { Session } from '../../ssh/session.ts';
import type { JumpHost } from '../../ssh/ssh-config/proxy-jump.ts';
import { errnoCode } from '../../system/file-errors.ts';
import { type NodeSessionOptions, openNodeSession } from '../open-session.ts';
import { shortCommand } from '../proxy-command.ts';
import type { CheckReport, StepId } from './check-report.ts';
import { fixesNamedIn } from './suggested-fixes.ts';

export const hopStages = ['name', 'port', 'host-key', 'sign-in'] as const;
type HopStage = (typeof hopStages)[number];

/** A host on the route: its address or name, and for a jump host what the SSH configuration calls it. */
export interface CheckedHop {
  readonly jump?: string;
  readonly host: string;
  readonly port: number;
}

/** How many of a host's addresses a finding shows. Some hosts have many. */
const maxShownAddresses = 3;

/**
 * Opens a session as {@link openNodeSession} does, and reports each step of each hop.
 * @throws Failure as {@link openNodeSession}
 */
export async function openCheckedSession(
  name: string,
  destination: JumpHost & { readonly identity?: string },
  route: readonly CheckedHop[],
  report: CheckReport,
  options: NodeSessionOptions,
): Promise<Session> {
  const progress = new SshProgress(report, route);
  progress.startHop();
  try {
    return await openNodeSession(name, destination, { ...options, onProgress: (stage) => progress.update(stage) });
  } catch (error) {
    if (!options.signal?.aborted) {
      progress.fail(problemOf(error), error);
    }
    throw error;
  }
}

/**
 * Tracks the current hop and stage. Hops are connected one after another, so an update is always about the current hop.
 */
class SshProgress {
  readonly #report: CheckReport;
  readonly #route: readonly CheckedHop[];
  #index = 0;
  /** The current hop's stage that has not ended yet. */
  #stage: HopStage = 'name';

  constructor(report: CheckReport, route: readonly CheckedHop[]) {
    this.#report = report;
    this.#route = route;
  }

  /** Starts the current hop. An IP address needs no lookup. */
  startHop(): void {
    this.#start('name');
    if (isIP(this.#hop?.host ?? '') > 0) {
      this.#pass('name', 'IP address');
      this.#start('port');
    }
  }

  update(progress: ConnectProgress): void {
    switch (progress.kind) {
      case 'resolved':
        this.#pass('name', listAddresses(progress.addresses));
        this.#start('port');
        break;
      case 'connected':
        if (this.#stage === 'name') {
          this.#passRemoteLookup();
        }
        this.#pass('port', this.#hop && withPort(progress.address, this.#hop.port));
        this.#start('host-key');
        break;
      case 'started':
        if (this.#stage === 'name') {
          this.#pass('name', 'resolved by the ProxyCommand');
          this.#start('port');
        }
        break;
      case 'answered':
        this.#pass('port', `via \`${shortCommand(progress.command)}\``);
        this.#start('host-key');
        break;
      case 'host-key':
        this.#pass(
          'host-key',
          `${keyTypeLabel(progress.keyType)} ${progress.fingerprint}, ${hostKeyLabels[progress.how]}`,
        );
        this.#start('sign-in');
        break;
      case 'signed-in':
        this.#pass('sign-in', `with ${progress.by}`);
        this.#index += 1;
        if (this.#hop) {
          this.startHop();
        }
        break;
    }
  }

  /** Reports a failure at the stage that it belongs to. */
  fail(problem: Problem, error: unknown): void {
    const stage = this.#stageOf(problem, error);
    if (stage === 'port' && this.#stage === 'name') {
      this.#passRemoteLookup();
    }
    this.#report.fail(this.#stepId(stage), { problem, fixes: fixesNamedIn(problem) });
  }

  #stageOf({ code, detail = '' }: Problem, error: unknown): HopStage {
    switch (code) {
      case 'ssh.config':
      case 'connection.uri':
        return 'name';
      case 'ssh.known-hosts':
      case 'ssh.host-key-unknown':
      case 'ssh.host-key-changed':
      case 'ssh.host-key-revoked':
        return 'host-key';
      case 'ssh.identity':
      case 'ssh.authentication':
        return 'sign-in';
      case 'ssh.unreachable':
        // node:dns reports a failed lookup by an error code, a jump host by the words of its gai_strerror()
        return this.#stage === 'name' &&
          !/ENOTFOUND|EAI_/.test(errorCodeInChain(error)) &&
          !/not known|resolution/.test(detail)
          ? 'port'
          : this.#stage;
      default:
        return this.#stage;
    }
  }

  get #hop(): CheckedHop | undefined {
    return this.#route[this.#index];
  }

  /** Passes `name` for a host whose name was resolved by the jump host before it, which does not report the address. */
  #passRemoteLookup(): void {
    const jumpHost = this.#route[this.#index - 1]?.jump;
    this.#pass('name', jumpHost === undefined ? undefined : `resolved by ${jumpHost}`);
  }

  #start(stage: HopStage): void {
    this.#stage = stage;
    this.#report.start(this.#stepId(stage));
  }

  #pass(stage: HopStage, finding: string | undefined): void {
    this.#report.pass(this.#stepId(stage), finding);
  }

  #stepId(stage: HopStage): StepId {
    const { jump } = this.#hop ?? {};
    return { stage, ...(jump === undefined ? {} : { hop: jump }) };
  }
}

const hostKeyLabels = { known: 'known', accepted: 'accepted just now' } as const;

/** Adds the port to an address that does not have it yet. */
function withPort(address: string, port: number): string {
  const isMissing = isIP(address) > 0 || !address.endsWith(`:${port}`);
  return isMissing ? `${address.includes(':') ? `[${address}]` : address}:${port}` : address;
}

function listAddresses(addresses: readonly string[]): string {
  const unique = [...new Set(addresses)];
  const hiddenCount = unique.length - maxShownAddresses;
  return [...unique.slice(0, maxShownAddresses), ...(hiddenCount > 0 ? [`${hiddenCount} more`] : [])].join(', ');
}

/** The first system error code of an error and its causes; an empty string without one. */
function errorCodeInChain(error: unknown): string {
  if (!(error instanceof Error)) {
    return '';
  }
  return errnoCode(error) ?? errorCodeInChain(error.cause);
}
