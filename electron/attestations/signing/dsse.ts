/** Statements that are signed, as cosign attests them. Source: DSSE 1.0; cosign, specs/COSIGN_PREDICATE_SPEC.md. */
import type { KeyObject } from 'node:crypto';
import { signBytes } from './keys.ts';

export const envelopeType = 'application/vnd.dsse.envelope.v1+json';
export const statementType = 'application/vnd.in-toto+json';

/** What is signed of a payload: its type is signed, too, so that it cannot be read as another one. */
export function preAuthenticated(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

export function signStatement(statement: Buffer, key: KeyObject): Buffer {
  const sig = signBytes(preAuthenticated(statementType, statement), key).toString('base64');
  const payload = statement.toString('base64');
  return Buffer.from(JSON.stringify({ payloadType: statementType, payload, signatures: [{ keyid: '', sig }] }));
}
