import { expect, test } from 'vitest';
import { explainRefusal } from './registry-refusals.ts';

/** What registries answer, as in their documentation and sources. */
test.each([
  [
    'harbor.test',
    412,
    "PRECONDITION: Failed to process request due to 'api:1' configured as immutable.",
    'registry.immutable',
  ],
  [
    '1.dkr.ecr.eu-west-1.amazonaws.com',
    400,
    "TAG_INVALID: The image tag '1' already exists in the 'api' repository and cannot be overwritten because the repository is immutable.",
    'registry.immutable',
  ],
  [
    'x.azurecr.io',
    405,
    'UNSUPPORTED: The operation is disallowed on this registry, repository or image. View troubleshooting steps',
    'registry.immutable',
  ],
  [
    'harbor.test',
    403,
    'DENIED: adding 5.6 MiB of storage resource, which when updated to current usage of 9 GiB will exceed the configured upper limit of 9 GiB.',
    'registry.quota',
  ],
  ['quay.io', 403, 'DENIED: Quota has been exceeded on namespace', 'registry.quota'],
  ['docker.io', 429, 'TOOMANYREQUESTS: You have reached your pull rate limit.', 'registry.quota'],
  [
    '1.dkr.ecr.eu-west-1.amazonaws.com',
    403,
    'DENIED: Your authorization token has expired. Reauthenticate and try again.',
    'registry.authentication',
  ],
  [
    '1.dkr.ecr.eu-west-1.amazonaws.com',
    404,
    "NAME_UNKNOWN: The repository with name 'api' does not exist in the registry with id '1'",
    'registry.refused',
  ],
  ['europe-docker.pkg.dev', 404, 'NAME_UNKNOWN: Repository "api" not found', 'registry.refused'],
  [
    'europe-docker.pkg.dev',
    403,
    'DENIED: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource',
    'registry.denied',
  ],
  ['ghcr.io', 403, 'DENIED: permission_denied: write_package', 'registry.denied'],
  ['harbor.test', 404, 'NOT_FOUND: project team not found', 'registry.refused'],
  ['docker.io', 401, 'DENIED: requested access to the resource is denied', 'registry.denied'],
  ['registry.gitlab.com', 401, 'UNAUTHORIZED: HTTP Basic: Access denied', 'registry.denied'],
])('%s with %i and "%s" is %s', (registry, status, message, code) => {
  const failure = explainRefusal({ registry, repository: 'team/api', status, message });
  expect(failure?.problem).toMatchObject({ code, detail: message });
});

test('anything else is not explained', () => {
  const refusal = { registry: 'registry.test', repository: 'team/api', status: 400 };
  for (const message of ['BLOB_UNKNOWN: blob unknown to registry', 'NAME_INVALID: invalid repository name']) {
    expect(explainRefusal({ ...refusal, message })).toBeUndefined();
  }
});
