/** What of the settings of a registry a node does not get that pushes to it by itself. */
import type { CallRequest } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import type { DirectLimit } from '../../shared/registry.ts';
import { registryCertificateFiles } from './certificates.ts';
import type { CredentialSource } from './credential-source.ts';
import { hostNamesOf, registryNames } from './credentials.ts';
import { settingsOf } from './open-host.ts';
import { parseDestination } from './pushes.ts';

/**
 * Engines take a login with a push, and podman and BuildKit whether TLS is verified. For all else they have files of their own.
 * @throws Failure `reference.*`, `registry.refused` if the registry is blocked, `settings.*`
 */
export async function directLimits(
  { destination, tlsVerify }: CallRequest<'registries.directLimits'>,
  source: CredentialSource,
): Promise<DirectLimit[]> {
  const { registry = '', ...reference } = parseDestination(destination, undefined);
  const names = registryNames({ registry, ...reference });
  const settings = await settingsOf({ ...names, credentials: source, tlsVerify });
  const host = names.registry;
  const files = await registryCertificateFiles(hostNamesOf(host), source);
  const own = [settings.ca, settings.clientCertificate, settings.clientKey];
  const [ca, client] = [
    settings.tls === 'verify' ? [own[0], ...files.filter((file) => file.endsWith('.crt'))] : [],
    [...own.slice(1), ...files.filter((file) => !file.endsWith('.crt'))],
  ].map((all) => all.flatMap((file) => file ?? []));
  const folders = `/etc/containers/certs.d/${host} (podman) or /etc/docker/certs.d/${host} (docker)`;
  return [
    ...(ca && ca.length > 0
      ? [
          {
            message: `Nodes that push themselves do not get the certificate authority of ${host}: engines take none with a push.`,
            fix: `Save ${ca.join(' and ')} on each node in ${folders}, as ca.crt.`,
          },
        ]
      : []),
    ...(client && client.length > 0
      ? [
          {
            message: `Nodes that push themselves do not get the client certificate of ${host}: engines take none with a push.`,
            fix: `Save ${client.join(' and ')} on each node in ${folders}, as client.cert and client.key, or let this computer push the image.`,
          },
        ]
      : []),
    ...(settings.proxy === undefined
      ? []
      : [
          {
            message: `Nodes that push themselves do not use the proxy setting of ${host}, but that of their engine.`,
            fix: 'Set HTTPS_PROXY and NO_PROXY for the engine on each node, or let this computer push the image.',
          },
        ]),
    // who asks for it with the push hears from the engine that refuses
    ...(settings.tls === 'verify' || !tlsVerify
      ? []
      : [
          {
            message: `podman does not verify TLS of ${host} for this push. docker asks only its own configuration.`,
            fix: `On nodes with docker, add "${host}" to "insecure-registries" in /etc/docker/daemon.json.`,
          },
        ]),
  ];
}

/** @throws Failure `input.invalid` if nodes are to push to several destinations */
export function assertOneDirect({
  direct,
  more = [],
}: {
  readonly direct?: boolean;
  readonly more?: readonly string[];
}) {
  if (direct && more.length > 0) {
    throw fail(
      'input.invalid',
      'Nodes push an image themselves to one destination only.',
      'Name one destination, and copy the image from there. Or let this computer push it.',
    );
  }
}
