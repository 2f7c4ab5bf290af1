import { create } from '@bufbuild/protobuf';
import { type StatusResponse, StatusResponseSchema } from '../proto/control_pb.ts';

/** A status update of BuildKit with some of its parts. Times are only given or missing. */
export interface SampleStatus {
  readonly vertexes?: readonly {
    readonly digest: string;
    readonly inputs?: readonly string[];
    readonly name?: string;
    readonly cached?: boolean;
    readonly started?: boolean;
    readonly completed?: boolean;
    readonly error?: string;
  }[];
  readonly statuses?: readonly {
    readonly id: string;
    readonly vertex: string;
    readonly current?: number;
    readonly total?: number;
    readonly completed?: boolean;
  }[];
  readonly logs?: readonly { readonly vertex: string; readonly stream: number; readonly msg: Uint8Array }[];
  readonly warnings?: readonly { readonly vertex: string; readonly short: string; readonly line?: number }[];
}

const time = { seconds: 1n };

export function sampleStatus({ vertexes = [], statuses = [], logs = [], warnings = [] }: SampleStatus): StatusResponse {
  return create(StatusResponseSchema, {
    vertexes: vertexes.map(({ inputs = [], started, completed, ...vertex }) => ({
      ...vertex,
      inputs: [...inputs],
      ...(started ? { started: time } : {}),
      ...(completed ? { completed: time } : {}),
    })),
    statuses: statuses.map(({ id, vertex, current = 0, total = 0, completed }) => ({
      ...{ id, vertex, current: BigInt(current), total: BigInt(total) },
      ...(completed ? { completed: time } : {}),
    })),
    logs: logs.map(({ stream, ...log }) => ({ ...log, stream: BigInt(stream) })),
    warnings: warnings.map(({ vertex, short, line }) => ({
      ...{ vertex, short: Buffer.from(short) },
      ranges: line === undefined ? [] : [{ start: { line } }],
    })),
  });
}
