import { Duplex } from 'node:stream';

/** The length of the header before each frame: a stream's number, three zeros, the size. Source: docker's Engine API, "Attach". */
const headerBytes = 8;

const stdoutNumber = 1;
const stderrNumber = 2;

/** How much of what a program writes is kept for messages. In place of a program that could not be started, docker writes to its output. */
const maxKept = { output: 512, stderr: 4 * 1024 } as const;

/**
 * The standard streams of a program in a container, as docker and podman carry them over one connection: what is written goes
 * to the program as it is, what the program writes arrives in frames. Reads give its standard output. The program ends with
 * the connection if it ends when its input does, as `buildctl dial-stdio` does.
 */
export class ExecStream extends Duplex {
  readonly #carrier: Duplex;
  /** Called when the program has ended, with the beginning of what it wrote, errors first. Rejects with why it is an error, if it is one. */
  readonly #onEnd: (written: string) => Promise<void>;
  /** The part of a header that has arrived. */
  #header = Buffer.alloc(0);
  /** How many bytes of the current frame are still to come. */
  #left = 0;
  #current: keyof typeof maxKept = 'output';
  readonly #kept = { output: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #hasEnded = false;

  constructor(carrier: Duplex, onEnd: (written: string) => Promise<void>) {
    super({ allowHalfOpen: true });
    this.#carrier = carrier;
    this.#onEnd = onEnd;
    carrier.on('data', (chunk: Buffer) => {
      try {
        if (!this.#receive(chunk)) {
          carrier.pause();
        }
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    carrier.on('error', (error) => this.destroy(error));
    carrier.on('end', () => this.#end());
    carrier.on('close', () => this.#end());
    this.once('end', () => this.destroy());
  }

  override _read(): void {
    this.#carrier.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#carrier.destroyed) {
      callback();
      return;
    }
    this.#carrier.write(chunk, encoding, (error) => callback(this.#hasEnded ? null : error));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#carrier.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#carrier.destroy();
    callback(error);
  }

  /** Returns false if no more can be taken for now. @throws Error for what is not a frame */
  #receive(chunk: Buffer): boolean {
    let canTake = true;
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left === 0) {
        const missing = headerBytes - this.#header.length;
        this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.#header.length === headerBytes) {
          this.#beginFrame(this.#header);
          this.#header = Buffer.alloc(0);
        }
        continue;
      }
      const part = rest.subarray(0, this.#left);
      rest = rest.subarray(part.length);
      this.#left -= part.length;
      const kept = this.#kept[this.#current];
      if (kept.length < maxKept[this.#current]) {
        this.#kept[this.#current] = Buffer.concat([kept, part.subarray(0, maxKept[this.#current] - kept.length)]);
      }
      if (this.#current === 'output') {
        canTake = this.push(part) && canTake;
      }
    }
    return canTake;
  }

  #beginFrame(header: Buffer): void {
    const number = header[0];
    if ((number !== stdoutNumber && number !== stderrNumber) || header.readUIntBE(1, 3) !== 0) {
      throw new Error('The engine sent something else than the output of a program.');
    }
    this.#current = number === stdoutNumber ? 'output' : 'stderr';
    this.#left = header.readUInt32BE(4);
  }

  #end(): void {
    if (this.#hasEnded || this.destroyed) {
      return;
    }
    this.#hasEnded = true;
    const { output, stderr } = this.#kept;
    this.#onEnd((stderr.length > 0 ? stderr : output).toString('utf8')).then(
      () => this.push(null),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }
}
