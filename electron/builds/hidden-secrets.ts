import type { Builder, EngineOutput } from '../engines/engine.ts';
import { maxLineChars } from '../engines/line-buffer.ts';
import { hidingError, secretsOf, withoutSecrets } from '../system/login-secrets.ts';
import { SecretMask } from './secret-mask.ts';

type LogOutput = Extract<EngineOutput, { kind: 'log' }>;

/**
 * Builds, and hides secrets in what the engine says and in what steps print. The logins that the engine gets are hidden only in
 * what it says itself: registries may repeat them in their errors.
 */
export async function buildHidingSecrets(
  builder: Builder,
  ...[build, onOutput, signal]: Parameters<Builder['build']>
): ReturnType<Builder['build']> {
  const { logins, secrets, delivery, hidden = [] } = build;
  const own = delivery?.kind === 'push' && delivery.target.credentials;
  const words = [
    ...logins.flatMap(({ credentials }) => secretsOf(credentials)),
    ...(own ? secretsOf(own) : []),
    ...hidden,
  ];
  const mask = new SecretMask(secrets.map(({ value }) => value));
  const hide = (text: string): string => mask.hide(withoutSecrets(text, words));
  const log = new HiddenLog(mask, onOutput);
  const onHidden = (output: EngineOutput): void => {
    switch (output.kind) {
      case 'log':
        log.write(output.stream === 'engine' ? { ...output, text: withoutSecrets(output.text, words) } : output);
        return;
      case 'warning':
        onOutput({
          ...output,
          text: hide(output.text),
          ...(output.detail === undefined ? {} : { detail: hide(output.detail) }),
        });
        return;
      case 'step-ended':
        log.flush(output.id);
        onOutput(output.error === undefined ? output : { ...output, error: hide(output.error) });
        return;
      default:
        onOutput(output);
    }
  };
  const hasSecrets = words.length > 0 || secrets.length > 0;
  try {
    return await builder.build(build, hasSecrets ? onHidden : onOutput, signal);
  } catch (error) {
    throw hasSecrets ? hidingError(error, hide) : error;
  } finally {
    log.flush();
  }
}

/**
 * Hides secrets in lines. Very long lines arrive in pieces: the end of a piece waits for the next one, since a secret may
 * begin there.
 */
class HiddenLog {
  readonly #mask: SecretMask;
  readonly #onOutput: (output: EngineOutput) => void;
  readonly #waiting = new Map<string, LogOutput>();

  constructor(mask: SecretMask, onOutput: (output: EngineOutput) => void) {
    this.#mask = mask;
    this.#onOutput = onOutput;
  }

  write(output: LogOutput): void {
    const key = `${output.stream} ${output.stepId ?? ''}`;
    const before = this.#waiting.get(key)?.text ?? '';
    const text = this.#mask.hide(before + output.text);
    this.#waiting.delete(key);
    const keeps = output.text.length >= maxLineChars && this.#mask.longest > 1;
    const end = keeps ? Math.max(0, text.length - this.#mask.longest + 1) : text.length;
    if (end > 0 || !keeps) {
      this.#onOutput({ ...output, text: copyOf(text.slice(0, end)) });
    }
    if (keeps) {
      this.#waiting.set(key, { ...output, text: text.slice(end) });
    }
  }

  /** Of one step, or of all. */
  flush(stepId?: string): void {
    for (const [key, output] of this.#waiting) {
      if (stepId === undefined || output.stepId === stepId) {
        this.#waiting.delete(key);
        this.#onOutput({ ...output, text: copyOf(this.#mask.hide(output.text)) });
      }
    }
  }
}

/** A part of a text keeps the whole text in memory, which may have secrets beside it. */
function copyOf(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
