import { create } from '@bufbuild/protobuf';
import { type StatusResponse, StatusResponseSchema } from '../proto/control_pb.ts';

/** A status update of BuildKit with some of its parts. Times are in seconds, or only given or missing. */
export interface SampleStatus {
  readonly vertexes?: readonly {
    readonly digest: string;
    readonly inputs?: readonly string[];
    readonly name?: string;
    readonly cached?: boolean;
    readonly started?: boolean | number;
    readonly completed?: boolean | number;
    readonly error?: string;
    readonly group?: { readonly id: string; readonly name: string; readonly weak?: boolean };
  }[];
  readonly statuses?: readonly {
    readonly id: string;
    readonly vertex: string;
    readonly current?: number;
    readonly total?: number;
    readonly completed?: boolean;
  }[];
  readonly logs?: readonly { readonly vertex: string; readonly stream: number; readonly msg: Uint8Array }[];
  readonly warnings?: readonly {
    readonly vertex: string;
    readonly short: string;
    readonly detail?: readonly string[];
    readonly url?: string;
    readonly file?: string;
    readonly line?: number;
    readonly lastLine?: number;
  }[];
}

function timeOf(given: boolean | number): { readonly seconds: bigint } {
  return { seconds: BigInt(typeof given === 'number' ? given : 1) };
}

export function sampleStatus({ vertexes = [], statuses = [], logs = [], warnings = [] }: SampleStatus): StatusResponse {
  return create(StatusResponseSchema, {
    vertexes: vertexes.map(({ inputs = [], started, completed, group, ...vertex }) => ({
      ...vertex,
      inputs: [...inputs],
      ...(started ? { started: timeOf(started) } : {}),
      ...(completed ? { completed: timeOf(completed) } : {}),
      ...(group ? { progressGroup: group } : {}),
    })),
    statuses: statuses.map(({ id, vertex, current = 0, total = 0, completed }) => ({
      ...{ id, vertex, current: BigInt(current), total: BigInt(total) },
      ...(completed ? { completed: timeOf(true) } : {}),
    })),
    logs: logs.map(({ stream, ...log }) => ({ ...log, stream: BigInt(stream) })),
    warnings: warnings.map(({ vertex, short, detail = [], url = '', file, line, lastLine }) => ({
      ...{ vertex, short: Buffer.from(short), detail: detail.map((line) => Buffer.from(line)), url },
      ...(file === undefined ? {} : { info: { filename: file } }),
      ranges:
        line === undefined ? [] : [{ start: { line }, ...(lastLine === undefined ? {} : { end: { line: lastLine } }) }],
    })),
  });
}
