import { Duplex } from 'node:stream';

/** A stream in the place of a socket: `node:http` calls these on any. They have no effect, since what carries the stream decides them. */
export class SocketStream extends Duplex {
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
