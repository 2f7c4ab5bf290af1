/** Attestations that BuildKit makes, as docker buildx writes them: `type=provenance,mode=max`, `type=sbom,generator=IMAGE`. */

export type AttestationType = 'provenance' | 'sbom';

export interface BuilderAttestation {
  readonly type: AttestationType;
  /** Without the type: `mode=max`. */
  readonly attrs: string;
}

/** @returns undefined for what is disabled; for an invalid text, what is wrong with it */
export function parseAttestation(text: string): BuilderAttestation | undefined | { problem: string; fix: string } {
  const parts = text.split(',').map((part) => part.trim());
  const type = parts.find((part) => part.startsWith('type='))?.slice('type='.length);
  if (type !== 'provenance' && type !== 'sbom') {
    return { problem: 'is not an attestation', fix: 'Use type=provenance,mode=max or type=sbom.' };
  }
  const others = parts.filter((part) => !part.startsWith('type=') && part !== '');
  const wrong = others.find((part) => !/^[\w.-]+=[^\s"]+$/.test(part));
  if (wrong !== undefined) {
    return { problem: `has "${wrong}", which is not KEY=VALUE`, fix: 'Write it as type=provenance,mode=max.' };
  }
  return others.includes('disabled=true') ? undefined : { type, attrs: others.join(',') };
}

export function attestationProblem(text: string): { problem: string; fix: string } | undefined {
  const parsed = parseAttestation(text);
  return parsed && 'problem' in parsed ? parsed : undefined;
}

/** The attestations of an option, of which the last of each type counts. */
export function attestationsOf(texts: readonly string[] = []): BuilderAttestation[] {
  const all = texts.flatMap((text) => {
    const parsed = parseAttestation(text);
    return parsed && 'type' in parsed ? [parsed] : [];
  });
  return [...new Map(all.map((each) => [each.type, each])).values()];
}
