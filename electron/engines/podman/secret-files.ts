/**
 * podman's API takes secrets as files of the context. Before it builds, it moves them from the context to the folder above, where no
 * COPY finds them, and removes both folders when the request ends (4.3.1, 5.4.2 and 5.8.2). So their entries are sent in front of the
 * context: they are neither in the packed context here nor in the one that a node keeps.
 */
import { createHash } from 'node:crypto';
import { tarEntry, withEntry } from '../changed-containerfile.ts';
import type { EngineBuild } from '../engine.ts';
import type { Transport } from '../transport/transport.ts';

const namePrefix = '.barnraiser-secret-';

/** The name of a secret's file. Others on the node cannot guess it, and it is known again after the process was killed. */
function fileName(buildId: string, index: number | string): string {
  const hash = createHash('sha256').update(`secret of ${buildId}`).digest('hex').slice(0, 32);
  return `${namePrefix}${hash}-${index}`;
}

/** The build with its secrets as files of the context, and the parameter of the request that names them. */
export async function withSecretFiles(
  build: EngineBuild,
): Promise<{ readonly build: EngineBuild; readonly query: Readonly<Record<string, string>> }> {
  if (build.secrets.length === 0) {
    return { build, query: {} };
  }
  const names = build.secrets.map((_, index) => fileName(build.id, index));
  const entries = await Promise.all(
    build.secrets.map(({ value }, index) => tarEntry(names[index] ?? '', value, 0o600)),
  );
  const context = withEntry(build.context, Buffer.concat(entries));
  // without a type, podman takes a variable of its own environment that has the name of the secret
  const secrets = build.secrets.map(({ id }, index) => `id=${id},src=${names[index]},type=file`);
  return {
    build: { ...build, context, excludes: [...build.excludes, ...names] },
    query: { secrets: JSON.stringify(secrets) },
  };
}

/**
 * Removes what podman keeps of the context and the secrets of a build that is over, which it does itself unless it was killed. The
 * node may refuse commands; then nothing can be done.
 */
export async function removeSecretFiles(transport: Pick<Transport, 'run'>, buildId: string): Promise<void> {
  const name = fileName(buildId, 0);
  const command = `for file in /var/tmp/libpod_builder*/${name} /var/tmp/libpod_builder*/build/${name} \\
      /tmp/libpod_builder*/${name} /tmp/libpod_builder*/build/${name}; do
    if [ -f "$file" ]; then folder=\${file%/*}; rm -rf "\${folder%/build}"; fi
  done`;
  await transport.run(command, { timeoutMs: 10_000 }).catch(() => undefined);
}
