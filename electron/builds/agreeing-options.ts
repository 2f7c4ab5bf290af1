import type { BuildRequest } from '../../shared/build.ts';
import { furtherPushes } from '../../shared/further-pushes.ts';
import { fail } from '../../shared/problem.ts';
import { assertOneDirect } from '../registry/direct-limits.ts';

/**
 * Options that mean nothing together, or nothing without another.
 * @throws Failure `input.invalid` that names them
 */
export function assertOptionsAgree(request: BuildRequest): void {
  const {
    annotations = {},
    listAnnotations = {},
    format,
    memory,
    memorySwap = -1,
    timestamp,
    sourceDateEpoch,
  } = request;
  if (format === 'docker' && Object.keys({ ...annotations, ...listAnnotations }).length > 0) {
    throw fail('input.invalid', "Docker's image format has no annotations.", 'Build in the OCI format, or use labels.');
  }
  if (memorySwap >= 0 && (memory === undefined || memorySwap < memory)) {
    throw fail(
      'input.invalid',
      memory === undefined
        ? 'The limit of memory and swap needs a memory limit.'
        : 'The limit of memory and swap is below the memory limit.',
      'Set a memory limit that is not above the limit of memory and swap.',
    );
  }
  if (request.push?.direct && (request.outputs ?? []).length > 0) {
    throw fail(
      'input.invalid',
      'An image that nodes push themselves is not stored here, so it has no outputs.',
      'Push without --direct, or leave out the outputs.',
    );
  }
  if (request.push) {
    assertOneDirect({ ...request.push, more: furtherPushes(request) });
  }
  if (furtherPushes(request).length > 0 && (request.existing ?? 'build') !== 'build') {
    throw fail(
      'input.invalid',
      'What a registry has already is not pushed to further destinations.',
      'Name one destination, and copy the image from there.',
    );
  }
  if (timestamp !== undefined && sourceDateEpoch !== undefined) {
    throw fail(
      'input.invalid',
      'The time of the image and the time of the sources cannot be used together.',
      'Use only one of them.',
    );
  }
  if (
    request.push?.direct &&
    (request.provenance || request.sbom || request.sign || (request.attest ?? []).length > 0)
  ) {
    throw fail(
      'input.invalid',
      'Provenance, SBOMs and signatures are made of images that come here, but the nodes push these images themselves.',
      'Leave out the push by the nodes, or the attestations and signatures.',
    );
  }
  if (request.attestInList && !request.provenance && !request.sbom && (request.attest ?? []).length === 0) {
    throw fail('input.invalid', 'There are no attestations for the list.', 'Ask for provenance or an SBOM, too.');
  }
  if (request.rewriteTimestamp && sourceDateEpoch === undefined && timestamp === undefined) {
    throw fail(
      'input.invalid',
      'Files are not given the time of the sources, because that time is not known.',
      'Set the time of the sources, too.',
    );
  }
}
