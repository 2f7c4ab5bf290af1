import type { BuildRequest } from '../../shared/build.ts';
import { fail } from '../../shared/problem.ts';

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
  if (timestamp !== undefined && sourceDateEpoch !== undefined) {
    throw fail(
      'input.invalid',
      'The time of the image and the time of the sources cannot be used together.',
      'Use only one of them.',
    );
  }
  if (request.rewriteTimestamp && sourceDateEpoch === undefined && timestamp === undefined) {
    throw fail(
      'input.invalid',
      'Files are not given the time of the sources, because that time is not known.',
      'Set the time of the sources, too.',
    );
  }
}
