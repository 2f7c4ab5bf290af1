/**
 * Gives BuildKit the secrets and SSH agents of a build, by their ids, and no others. A step gets them in memory: BuildKit writes
 * none to the node's disk. Source: moby/buildkit, session/secrets and session/sshforward.
 */
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import { defaultSshId } from '../../../shared/build-secrets.ts';
import { serveAgent } from '../../ssh/authentication/forwarded-agent.ts';
import type { SecretValue, SshAgent } from '../engine.ts';
import type { Secrets } from './proto/secrets_pb.ts';
import type { SSH } from './proto/ssh-forward_pb.ts';

/** The header of a stream that names its agent. */
const idHeader = 'buildkit.ssh.id';

export function secretsService(secrets: readonly SecretValue[]): ServiceImpl<typeof Secrets> {
  return { getSecret: ({ ID: id }) => ({ data: Uint8Array.from(find(secrets, id, 'secret').value) }) };
}

export function sshService(agents: readonly SshAgent[]): ServiceImpl<typeof SSH> {
  return {
    checkAgent: ({ ID: id }) => {
      findAgent(agents, id);
      return {};
    },
    async *forwardAgent(requests, { requestHeader }: HandlerContext) {
      const agent = findAgent(agents, requestHeader.get(idHeader) ?? '');
      for await (const data of serveAgent(agent, chunksOf(requests))) {
        yield { data };
      }
    },
  };
}

/** A mount without an id asks for an empty one. */
function findAgent(agents: readonly SshAgent[], id: string): SshAgent {
  return find(agents, id || defaultSshId, 'SSH agent');
}

/** @throws ConnectError for which BuildKit lets a step run that does not require it */
function find<T extends { readonly id: string }>(all: readonly T[], id: string, noun: string): T {
  const found = all.find((each) => each.id === id);
  if (!found) {
    throw new ConnectError(`no ${noun} ${id}`, Code.NotFound);
  }
  return found;
}

async function* chunksOf(messages: AsyncIterable<{ readonly data: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const { data } of messages) {
    yield data;
  }
}
