/** How requests and commands reach one node. Engines use this interface for remote and local nodes alike. */
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { Duplex, Readable } from 'node:stream';

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Path with query, e.g. `/v4.0.0/libpod/info`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent in chunks as its data arrives. */
  readonly body?: Readable | string | Buffer;
  /** Aborting it destroys the request and its response. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for the response's headers. Without it, the request may take any time, such as a build. */
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

/** A port on the node that leads to a server in this process. */
export interface ReversePortForward {
  /** The port on the node's 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

export interface Transport {
  /** The connection's name, for messages. */
  readonly name: string;
  /** The engine's socket on the node. */
  readonly socketPath: string;
  /** Only gRPC is spoken at the other end, which is BuildKit then. Missing where that is not known. */
  readonly onlyGrpc?: boolean;
  request(request: EngineRequest): Promise<EngineResponse>;
  /** Makes the next request shorter by a round trip. Missing where it would not save anything: on this computer. */
  prepare?(): void;
  /**
   * Opens a raw stream to the engine's socket, for protocols other than requests and responses. The signal ends only the wait
   * for the stream. The stream breaks when the connection is lost, and ends with the transport.
   */
  dial(signal?: AbortSignal): Promise<Duplex>;
  /**
   * Runs a shell command on the node and keeps at most 1 MiB of its output. Rejects if the node refuses commands. An observation
   * does not count as a use of the transport, see {@link idleSince}.
   */
  run(
    command: string,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number; readonly isObservation?: boolean },
  ): Promise<CommandResult>;
  /**
   * Starts a shell command on the node. The stream writes to its input and reads its output; the command ends with the stream.
   * Missing where it would not save anything: on this computer.
   */
  openCommand?(command: string): Promise<Duplex>;
  /** The least time that a request took to the node's SSH server and back. Undefined if it is not known yet. Missing on this computer. */
  roundTripMs?(): number | undefined;
  /** Makes `server` reachable on the node's 127.0.0.1. If `port` is in use, the node chooses another port. */
  forwardPort(server: Server, port: number): Promise<ReversePortForward>;
  /** Aborts, with a `Failure` as its reason, when the connection to the node is lost or when an engine that Barnraiser started ends. */
  readonly lost: AbortSignal;
  /** Are requests waiting for a free slot? Then a late response does not mean that the node is silent. */
  isSaturated(): boolean;
  /** When the transport was last used, as a time of `performance.now()`. Undefined while it is in use, and if closing it saves nothing. */
  idleSince(): number | undefined;
  /** Sends the node a request. The connection is lost if no response arrives within the timeout. */
  checkAlive(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}
