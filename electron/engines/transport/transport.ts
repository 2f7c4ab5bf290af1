import type { IncomingHttpHeaders, Server } from 'node:http';
import type { Readable } from 'node:stream';

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Path with query, e.g. `/v4.0.0/libpod/info`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent chunked as it comes. */
  readonly body?: Readable | string | Buffer;
  /** Aborting it destroys the request and its response. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for the response's head; none for long work. */
  readonly timeoutMs?: number;
}

export interface EngineResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server of ours that a node can reach on its own loopback. */
export interface ReversePortForward {
  /** The port on the node. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The way to one node, remote or local: HTTP to its engine's socket, commands on its machine, and a port there that leads
 * back to us. Engines are written against this and never know which it is.
 */
export interface Transport {
  /** The connection's name, for sentences. */
  readonly name: string;
  /** The engine's socket on the node. */
  readonly socketPath: string;
  request(request: EngineRequest): Promise<EngineResponse>;
  /** Runs a shell command on the node; output is for small answers (at most 1 MiB is kept). Fails where commands are refused. */
  run(
    command: string,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<CommandResult>;
  /** Makes `server` reachable from the node at 127.0.0.1:port; another port is taken where that one is not free. */
  forwardPort(server: Server, port: number): Promise<ReversePortForward>;
  /** Aborts, with a `Failure` as its reason, when the line to the node is lost, or when an engine that was started for us has ended. */
  readonly lost: AbortSignal;
  /** Does something wait just now because the node has no room for more at once? Then a late answer does not mean that it is silent. */
  isSaturated(): boolean;
  /** When it was last used, as `performance.now()` says it; undefined while it is, and where there is nothing to save by closing it. */
  idleSince(): number | undefined;
  /** Asks for a sign of life. Where there is none in time the line is lost. */
  checkAlive(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}
