import { PbfWriter } from 'pbf';
import type { Trace, Vertex, VertexStatus } from '../trace.ts';

/** A status update of BuildKit with some of its parts. */
export interface SampleTrace {
  readonly vertexes?: readonly (Partial<Vertex> & Pick<Vertex, 'digest'>)[];
  readonly statuses?: readonly (Partial<VertexStatus> & Pick<VertexStatus, 'id' | 'vertex'>)[];
  readonly logs?: Trace['logs'];
  readonly warnings?: Trace['warnings'];
}

/** A status update as docker sends it: a protocol buffer in base64. The field numbers are those of `readTrace`. */
export function encodeTrace({ vertexes = [], statuses = [], logs = [], warnings = [] }: SampleTrace): string {
  const trace = new PbfWriter();
  const write = (field: number, fill: (message: PbfWriter) => void): void =>
    trace.writeMessage(field, (_, message) => fill(message), undefined);
  const writeTime = (message: PbfWriter, field: number): void =>
    message.writeMessage(field, () => undefined, undefined);
  for (const { digest, inputs = [], name = '', cached = false, started, completed, error } of vertexes) {
    write(1, (message) => {
      message.writeStringField(1, digest);
      for (const input of inputs) {
        message.writeStringField(2, input);
      }
      message.writeStringField(3, name);
      message.writeBooleanField(4, cached);
      if (started) {
        writeTime(message, 5);
      }
      if (completed) {
        writeTime(message, 6);
      }
      if (error) {
        message.writeStringField(7, error);
      }
    });
  }
  for (const { id, vertex, name = '', current = 0, total = 0, completed } of statuses) {
    write(2, (message) => {
      message.writeStringField(1, id);
      message.writeStringField(2, vertex);
      message.writeStringField(3, name);
      message.writeVarintField(4, current);
      message.writeVarintField(5, total);
      if (completed) {
        writeTime(message, 8);
      }
    });
  }
  for (const { vertex, stream, msg } of logs) {
    write(3, (message) => {
      message.writeStringField(1, vertex);
      message.writeVarintField(3, stream);
      message.writeBytesField(4, msg);
    });
  }
  for (const { vertex, short } of warnings) {
    write(4, (message) => {
      message.writeStringField(1, vertex);
      message.writeBytesField(3, Buffer.from(short));
    });
  }
  return Buffer.from(trace.finish()).toString('base64');
}
