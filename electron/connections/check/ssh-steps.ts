import { isIP } from 'node:net';
import { keyTypeInWords } from '../../../shared/key-type.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Reached } from '../../ssh/connect.ts';
import type { Session } from '../../ssh/session.ts';
import type { Hop } from '../../ssh/ssh-config/jump.ts';
import { type NodeSessionOptions, openNodeSession } from '../open-session.ts';
import { briefCommand } from '../proxy-command.ts';
import type { CheckReport, Place } from './check-report.ts';
import { remediesNamedBy } from './suggested-fixes.ts';

export const sshHopSteps = ['name', 'port', 'host-key', 'sign-in'] as const;
type WayStage = (typeof sshHopSteps)[number];

/** A host of the way: what it is called where it is a jump host, and its address or name. */
export interface CheckedHop {
  readonly jump?: string;
  readonly host: string;
  readonly port: number;
}

/** Many hosts have many addresses; these are enough to recognise one. */
const shownAddresses = 3;

/** Goes the way to a host, through the jump hosts on it, and puts on the ladder how far it has come. Fails as `openLine` does. */
export async function checkSsh(
  name: string,
  destination: Hop & { readonly identity?: string },
  route: readonly CheckedHop[],
  ladder: CheckReport,
  options: NodeSessionOptions,
): Promise<Session> {
  const climb = new Climb(ladder, route);
  climb.begin();
  try {
    return await openNodeSession(name, destination, { ...options, onReached: (reached) => climb.reach(reached) });
  } catch (error) {
    if (!options.signal?.aborted) {
      climb.fail(problemOf(error), error);
    }
    throw error;
  }
}

/** Keeps where on the way we are. Hosts are signed in to one after the other, so what is reached is always reached of the next. */
class Climb {
  readonly #ladder: CheckReport;
  readonly #route: readonly CheckedHop[];
  #index = 0;
  /** The stage of the present host that is not over yet. */
  #stage: WayStage = 'name';

  constructor(ladder: CheckReport, route: readonly CheckedHop[]) {
    this.#ladder = ladder;
    this.#route = route;
  }

  /** Begins with the present host. An address needs no looking up. */
  begin(): void {
    this.#go('name');
    if (isIP(this.#host?.host ?? '') > 0) {
      this.#pass('name', 'an address already');
      this.#go('port');
    }
  }

  reach(reached: Reached): void {
    switch (reached.kind) {
      case 'resolved':
        this.#pass('name', shorten(reached.addresses));
        this.#go('port');
        break;
      case 'connected':
        if (this.#stage === 'name') {
          this.#lookedUp();
        }
        this.#pass('port', this.#host && address(reached.address, this.#host.port));
        this.#go('host-key');
        break;
      case 'started':
        if (this.#stage === 'name') {
          this.#pass('name', 'looked up by its ProxyCommand');
          this.#go('port');
        }
        break;
      case 'answered':
        this.#pass('port', `through \`${briefCommand(reached.command)}\``);
        this.#go('host-key');
        break;
      case 'host-key':
        this.#pass('host-key', `${keyTypeInWords(reached.keyType)} ${reached.fingerprint}, ${hows[reached.how]}`);
        this.#go('sign-in');
        break;
      case 'signed-in':
        this.#pass('sign-in', `by ${reached.by}`);
        this.#index += 1;
        if (this.#host) {
          this.begin();
        }
        break;
    }
  }

  /** Puts a failure on the rung where it belongs. */
  fail(problem: Problem, error: unknown): void {
    const stage = this.#stageOf(problem, error);
    if (stage === 'port' && this.#stage === 'name') {
      this.#lookedUp();
    }
    this.#ladder.fail(this.#place(stage), { problem, fixes: remediesNamedBy(problem) });
  }

  #stageOf({ code, detail = '' }: Problem, error: unknown): WayStage {
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
        // node:dns says it by a code of its own; a jump host in words, those of its gai_strerror()
        return this.#stage === 'name' && !/ENOTFOUND|EAI_/.test(codeOf(error)) && !/not known|resolution/.test(detail)
          ? 'port'
          : this.#stage;
      default:
        return this.#stage;
    }
  }

  get #host(): CheckedHop | undefined {
    return this.#route[this.#index];
  }

  /** The name was looked up where we do not see it: by the jump host that connects us. */
  #lookedUp(): void {
    const before = this.#route[this.#index - 1]?.jump;
    this.#pass('name', before === undefined ? undefined : `looked up by ${before}`);
  }

  #go(stage: WayStage): void {
    this.#stage = stage;
    this.#ladder.begin(this.#place(stage));
  }

  #pass(stage: WayStage, said: string | undefined): void {
    this.#ladder.pass(this.#place(stage), said);
  }

  #place(stage: WayStage): Place {
    const { jump } = this.#host ?? {};
    return { stage, ...(jump === undefined ? {} : { hop: jump }) };
  }
}

const hows = { known: 'known', accepted: 'accepted just now' } as const;

/** The address of a host and its port, unless they are together already. */
function address(text: string, port: number): string {
  const isBare = isIP(text) > 0 || !text.endsWith(`:${port}`);
  return isBare ? `${text.includes(':') ? `[${text}]` : text}:${port}` : text;
}

function shorten(addresses: readonly string[]): string {
  const unique = [...new Set(addresses)];
  const rest = unique.length - shownAddresses;
  return [...unique.slice(0, shownAddresses), ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

/** The system's code for an error, or for what it was caused by. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return '';
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause);
}
