import { randomBytes } from 'node:crypto';

/** How much is kept of what a login shell prints before the command starts, in bytes. Start-up files print little. */
const maxPrefaceBytes = 64 * 1024;

/**
 * A line that a command prints before its own output. Start-up files of the login shell may print before it. It contains a
 * character that {@link shellLine} writes in octal, so a shell that repeats its commands does not print it.
 */
export function newMarker(): string {
  return `@barnraiser-${randomBytes(12).toString('hex')}@`;
}

/** Finds where a command's own output starts: after its marker. */
export class OutputStart {
  readonly #marker: Buffer;
  readonly #acceptsHttp: boolean;
  #preface: Buffer = Buffer.alloc(0);
  #errors: Buffer = Buffer.alloc(0);
  #hasStarted = false;

  /** @param acceptsHttp an HTTP response may come without the marker: sshd forces a command that leads to an engine */
  constructor(marker: string, { acceptsHttp = false } = {}) {
    this.#marker = Buffer.from(`${marker}\n`);
    this.#acceptsHttp = acceptsHttp;
  }

  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** What was printed before the command started, without the line end. */
  get said(): string {
    return `${this.#preface.toString('utf8').trim()}\n${this.#errors.toString('utf8').trim()}`.trim();
  }

  /** To be called with what arrives on stderr. */
  addError(chunk: Buffer): void {
    if (!this.#hasStarted) {
      this.#errors = Buffer.concat([this.#errors, chunk]).subarray(-maxPrefaceBytes);
    }
  }

  /** The part of a chunk that belongs to the command. */
  take(chunk: Buffer): Buffer {
    if (this.#hasStarted) {
      return chunk;
    }
    const seen = Buffer.concat([this.#preface, chunk]);
    const at = seen.indexOf(this.#marker);
    const isHttp = this.#acceptsHttp && seen.subarray(0, httpStart.length).equals(httpStart);
    if (at < 0 && !isHttp) {
      this.#preface = seen.subarray(-maxPrefaceBytes);
      return Buffer.alloc(0);
    }
    this.#hasStarted = true;
    this.#preface = seen.subarray(0, Math.max(0, at));
    return at < 0 ? seen : seen.subarray(at + this.#marker.length);
  }
}

const httpStart = Buffer.from('HTTP/');
