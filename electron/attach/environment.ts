import { createHmac } from 'node:crypto';
import { containersFolder, runtimeFolder, systemPaths } from '../system/system-paths.ts';

/** Variables that decide what a command means: configuration, keys, logins, the builder of docker, and the way to registries. */
const variables = [
  'BARNRAISER_SSH_CONFIG',
  'BARNRAISER_KNOWN_HOSTS',
  'SSH_AUTH_SOCK',
  'REGISTRY_AUTH_FILE',
  'DOCKER_CONFIG',
  'DOCKER_BUILDKIT',
  'CONTAINERS_CONF',
  'CONTAINERS_CONF_OVERRIDE',
  'PODMAN_CONNECTIONS_CONF',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
];

/** Read in lower case first, as by curl. */
const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/**
 * A hash of everything in the environment that changes what a command means. A terminal uses an app only if both have the
 * same: with other keys or logins than the person has set, a command would do something else.
 * @param salt makes the hash useless for finding out what is set, such as a proxy's password
 */
export function hashEnvironment(salt: string, env: NodeJS.ProcessEnv = process.env): string {
  const paths = systemPaths(env);
  const values = [
    paths.home,
    // a folder that is set to its default is the same as one that is not set
    containersFolder(paths),
    runtimeFolder(paths),
    ...variables.map((name) => env[name] ?? ''),
    ...proxyVariables.map((name) => env[name.toLowerCase()] || env[name] || ''),
  ];
  return createHmac('sha256', salt).update(JSON.stringify(values)).digest('base64url');
}
