import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { expect } from 'vitest';
import type { NodeStatus } from '../../../shared/node.ts';
import type { Platform } from '../../../shared/platform.ts';
import { fail } from '../../../shared/problem.ts';
import type { Engine, EngineBuild } from '../../engines/engine.ts';
import type { Transport } from '../../engines/transport/transport.ts';
import { digestOf } from '../../images/digest.ts';
import { sampleImage } from '../../images/testing/sample-image.ts';
import type { NodeConnection } from '../../nodes/connection-pool.ts';

/** What the engine of a node does during a build. */
export type FakeBuild = (build: EngineBuild, signal: AbortSignal) => Promise<void>;

/** The OCI archive of an image for a platform. */
function archiveOf(target: Platform): Readable {
  const image = sampleImage(target);
  const archive = pack();
  for (const bytes of [...image.layers, image.config, image.manifest]) {
    archive.entry({ name: `blobs/sha256/${digestOf(bytes).slice(7)}` }, bytes);
  }
  const { manifest, mediaType } = image;
  const manifests = [{ mediaType, digest: digestOf(manifest), size: manifest.length }];
  archive.entry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests }));
  archive.entry({ name: 'oci-layout' }, '{}');
  archive.finalize();
  return Readable.from(archive);
}

/**
 * A connection whose node builds images and can only export them.
 * @param lost aborts when the connection is lost. @param onBuild called before the image is there.
 */
export function fakeNode(node: string, lost: AbortSignal, onBuild: FakeBuild = async () => undefined): NodeConnection {
  const unused = (): never => expect.fail('not used in a build');
  let built: Platform | undefined;
  const transport: Transport = {
    name: node,
    socketPath: '/x.sock',
    lost,
    request: unused,
    run: unused,
    dial: unused,
    isSaturated: unused,
    idleSince: unused,
    checkAlive: unused,
    close: unused,
    forwardPort: () => Promise.reject(fail('ssh.forwarding-refused', 'Forwarding is not allowed.', 'Allow it.')),
  };
  const engine: Engine = {
    kind: 'podman',
    capabilities: () => ({ exportFormats: ['oci-archive'] }),
    probe: unused,
    recall: unused,
    builder: {
      build: async (build, onOutput, signal) => {
        expect(await text(build.context.tar())).toContain('FROM scratch');
        onOutput({ kind: 'step-started', id: '0:1', index: 1, total: 1, name: 'COPY . /' });
        await onBuild(build, signal);
        built = build.platform;
        return { imageId: 'abc' };
      },
    },
    transfer: { push: unused, export: async () => archiveOf(built ?? expect.fail('nothing was built')) },
    retention: {
      tag: async () => undefined,
      untag: async () => undefined,
      remove: async () => true,
      removeLeftovers: async () => undefined,
    },
    storage: { list: unused, remove: unused },
  };
  return { connection: { name: node, uri: `ssh://${node}` }, transport, engine };
}

/** What a probe of a node finds. */
export function up(connection: string, native: Platform): NodeStatus {
  const space = { total: 1e12, free: 1e12 };
  const machine = { hostname: connection, rootless: true, cpus: 4, memory: space, disk: space, latencyMs: 1 };
  const node = { connection, engine: 'podman', version: '5', apiVersion: '5', platform: native } as const;
  return {
    state: 'up',
    connection,
    node: { ...node, ...machine, emulated: [], capabilities: { exportFormats: [] } },
  };
}
