import { type LintRuleId, type LintSeverity, lintRule } from '../../../shared/lint-rules.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import type { ParsedContainerfile, ParsedInstruction } from '../parse-containerfile.ts';

/** Something that is wrong in a Containerfile. */
export interface Finding {
  readonly rule: LintRuleId;
  readonly severity: LintSeverity;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
  /** What to do about it; may be empty. */
  readonly fix: string;
}

const maxFindings = 100;
/** What is longer is not compared with other names. */
export const maxNameLength = 60;

/** A text of a Containerfile in a message. */
export function shorten(text: string): string {
  return sanitizeLine(text, maxNameLength);
}

/** What a `check` comment asks for. */
interface CheckOptions {
  readonly skipped: ReadonlySet<string>;
  readonly experimental: ReadonlySet<string>;
  /** Each finding of BuildKit's rules is an error. */
  readonly isStrict: boolean;
}

/** Collects findings, each once, and only those that the `check` comments of the file ask for. */
export class Findings {
  readonly #found = new Map<string, Finding>();
  readonly #options: CheckOptions;
  /** Errors in a stage that the build does not need are warnings: podman does not look at it. */
  isNeeded = true;
  readonly #ownOptions = new Map<ParsedInstruction, CheckOptions>();

  constructor({ directives }: ParsedContainerfile) {
    this.#options = readCheckOptions(directives.get('check') ?? '');
  }

  /** Those that come after are dropped. */
  get isFull(): boolean {
    return this.#found.size >= maxFindings;
  }

  /** In the order of their lines. */
  get all(): Finding[] {
    return [...this.#found.values()].sort((one, other) => one.line - other.line);
  }

  /**
   * @param where the instruction, or a line
   * @param change the fix and the severity, where they are not those of the rule
   */
  add(
    rule: LintRuleId,
    where: ParsedInstruction | number,
    message: string,
    change: { readonly fix?: string; readonly severity?: LintSeverity } = {},
  ): void {
    const line = typeof where === 'number' ? where : where.firstLine;
    const { severity, help, page, isExperimental = false } = lintRule(rule);
    const own = typeof where === 'number' ? undefined : this.#optionsOf(where);
    const names = (kind: 'skipped' | 'experimental'): boolean =>
      [this.#options, own].some((options) => options?.[kind].has(rule) || options?.[kind].has('all'));
    const isLeftOut = page !== undefined && (isExperimental ? !names('experimental') : names('skipped'));
    const key = `${line} ${rule} ${message}`;
    if (this.isFull || isLeftOut || this.#found.has(key)) {
      return;
    }
    const isRefused = page !== undefined && this.#options.isStrict;
    const wanted = isRefused ? 'error' : (change.severity ?? severity);
    this.#found.set(key, {
      rule,
      severity: wanted === 'error' && !this.isNeeded && !isRefused ? 'warning' : wanted,
      line,
      message,
      fix: change.fix ?? help,
    });
  }

  /** A comment right above an instruction can have options, too. */
  #optionsOf(instruction: ParsedInstruction): CheckOptions | undefined {
    const comment = instruction.comments.find((text) => /^check\s*=/i.test(text));
    if (comment === undefined) {
      return undefined;
    }
    const options = this.#ownOptions.get(instruction) ?? readCheckOptions(comment.replace(/^check\s*=/i, ''));
    this.#ownOptions.set(instruction, options);
    return options;
  }
}

/** Reads `skip=A,B;experimental=all;error=true`. What is written in another way is left out. */
function readCheckOptions(text: string): CheckOptions {
  const [first = ''] = text.trim().split(/\s/);
  const options = new Map(
    first.split(';', 3).map((part): [string, string] => {
      const [key = '', ...value] = part.split('=');
      return [key.trim(), value.join('=').trim()];
    }),
  );
  const list = (key: string): Set<string> => new Set((options.get(key) ?? '').split(',').map((rule) => rule.trim()));
  return {
    skipped: list('skip'),
    experimental: list('experimental'),
    isStrict: /^(1|t|true)$/i.test(options.get('error') ?? ''),
  };
}
