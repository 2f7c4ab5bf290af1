import { PbfReader } from 'pbf';

/**
 * A status update of BuildKit during a build. It contains only what has changed.
 * Source: message `StatusResponse` of buildkit's `api/services/control/control.proto`.
 */
export interface Trace {
  readonly vertexes: readonly Vertex[];
  readonly statuses: readonly VertexStatus[];
  readonly logs: readonly VertexLog[];
  readonly warnings: readonly VertexWarning[];
}

/** One operation of a build. BuildKit sends it again, complete, whenever it changes. */
export interface Vertex {
  readonly digest: string;
  /** The digests of the vertexes whose results it uses. */
  readonly inputs: readonly string[];
  readonly name: string;
  readonly cached: boolean;
  readonly started: boolean;
  readonly completed: boolean;
  /** Empty unless the operation has failed. */
  readonly error: string;
}

/** The progress of a part of an operation, such as the download of a layer. */
export interface VertexStatus {
  readonly id: string;
  readonly vertex: string;
  readonly name: string;
  /** In bytes if `total` is not 0. */
  readonly current: number;
  readonly total: number;
  readonly completed: boolean;
}

/** A chunk of the output of an operation's program. It may end in the middle of a line or a character. */
export interface VertexLog {
  readonly vertex: string;
  /** 1: standard output, 2: standard error. */
  readonly stream: number;
  readonly msg: Uint8Array;
}

export interface VertexWarning {
  readonly vertex: string;
  readonly short: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** @throws Error if the bytes are not a valid protocol buffer */
export function readTrace(bytes: Uint8Array): Trace {
  const trace: { vertexes: Vertex[]; statuses: VertexStatus[]; logs: VertexLog[]; warnings: VertexWarning[] } = {
    vertexes: [],
    statuses: [],
    logs: [],
    warnings: [],
  };
  return new PbfReader(bytes).readFields((tag, result, pbf) => {
    switch (tag) {
      case 1:
        result.vertexes.push(readVertex(pbf));
        break;
      case 2:
        result.statuses.push(readStatus(pbf));
        break;
      case 3:
        result.logs.push(readLog(pbf));
        break;
      case 4:
        result.warnings.push(readWarning(pbf));
        break;
    }
  }, trace);
}

function readVertex(message: PbfReader): Vertex {
  const inputs: string[] = [];
  const vertex: Mutable<Vertex> = {
    digest: '',
    inputs,
    name: '',
    cached: false,
    started: false,
    completed: false,
    error: '',
  };
  return message.readMessage((tag, result, pbf) => {
    switch (tag) {
      case 1:
        result.digest = pbf.readString();
        break;
      case 2:
        inputs.push(pbf.readString());
        break;
      case 3:
        result.name = pbf.readString();
        break;
      case 4:
        result.cached = pbf.readBoolean();
        break;
      case 5:
        result.started = true;
        break;
      case 6:
        result.completed = true;
        break;
      case 7:
        result.error = pbf.readString();
        break;
    }
  }, vertex);
}

function readStatus(message: PbfReader): VertexStatus {
  const status: Mutable<VertexStatus> = { id: '', vertex: '', name: '', current: 0, total: 0, completed: false };
  return message.readMessage((tag, result, pbf) => {
    switch (tag) {
      case 1:
        result.id = pbf.readString();
        break;
      case 2:
        result.vertex = pbf.readString();
        break;
      case 3:
        result.name = pbf.readString();
        break;
      case 4:
        result.current = pbf.readVarint();
        break;
      case 5:
        result.total = pbf.readVarint();
        break;
      case 8:
        result.completed = true;
        break;
    }
  }, status);
}

function readLog(message: PbfReader): VertexLog {
  const log: Mutable<VertexLog> = { vertex: '', stream: 1, msg: new Uint8Array() };
  return message.readMessage((tag, result, pbf) => {
    switch (tag) {
      case 1:
        result.vertex = pbf.readString();
        break;
      case 3:
        result.stream = pbf.readVarint();
        break;
      case 4:
        result.msg = pbf.readBytes();
        break;
    }
  }, log);
}

function readWarning(message: PbfReader): VertexWarning {
  const warning: Mutable<VertexWarning> = { vertex: '', short: '' };
  return message.readMessage((tag, result, pbf) => {
    switch (tag) {
      case 1:
        result.vertex = pbf.readString();
        break;
      case 3:
        result.short = new TextDecoder().decode(pbf.readBytes());
        break;
    }
  }, warning);
}
