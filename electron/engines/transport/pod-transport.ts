import type { Duplex } from 'node:stream';
import type { PodDestination } from '../../../shared/connection.ts';
import { type Failure, fail } from '../../../shared/problem.ts';
import { sanitizeText } from '../../../shared/untrusted-text.ts';
import { CommandStream } from '../../ssh/command-stream.ts';
import { errnoCode } from '../../system/file-errors.ts';
import { expandHome } from '../../system/system-paths.ts';
import { firstLine } from '../api/engine-api.ts';
import { bridgeProgram, openBridgeTransport } from './bridge-transport.ts';
import { findHttp2 } from './http2-greeting.ts';
import { tcpLost } from './tcp-problems.ts';
import type { Transport } from './transport.ts';

export interface PodTransportOptions {
  readonly name: string;
  readonly destination: PodDestination;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a transport to a BuildKit daemon in a pod. Each stream is a `kubectl exec`, so sign-in to the cluster is kubectl's.
 * @throws Failure `pod.kubectl` if kubectl is not installed, `pod.exec` if it cannot run `buildctl` in the pod
 */
export function openPodTransport({ name, destination, signal }: PodTransportOptions): Promise<Transport> {
  const lost = new AbortController();
  const open = new Set<Duplex>();
  let lastClosedMs = performance.now();
  const connect = async (): Promise<Duplex> => {
    const stream = execInPod(name, destination);
    open.add(stream);
    stream.once('close', () => {
      open.delete(stream);
      lastClosedMs = performance.now();
    });
    return stream;
  };
  return openBridgeTransport({
    name,
    address: `kube-pod://${destination.pod}`,
    how: 'in a pod',
    connect,
    lost: lost.signal,
    idleSince: () => (open.size > 0 ? undefined : lastClosedMs),
    checkAlive: async (timeoutMs) => {
      try {
        await findHttp2(await connect(), AbortSignal.timeout(timeoutMs));
      } catch (error) {
        lost.abort(tcpLost({ name }, error instanceof Error ? error.message : String(error)));
      }
    },
    close: async () => {
      for (const stream of open) {
        stream.destroy();
      }
    },
    signal,
  });
}

/** The arguments with which kubectl runs the bridge in a pod. */
export function kubectlExecArguments(destination: PodDestination): string[] {
  const { pod, container } = destination;
  const inContainer = container === undefined ? [] : [`--container=${container}`];
  return [...kubectlArguments(destination), 'exec', '-i', pod, ...inContainer, '--', ...bridgeProgram];
}

/** The arguments of kubectl that lead to a cluster and a namespace. */
export function kubectlArguments({ kubeconfig, context, namespace }: Omit<PodDestination, 'kind' | 'pod'>): string[] {
  return [
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${expandHome(kubeconfig)}`]),
    ...(context === undefined ? [] : [`--context=${context}`]),
    ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
  ];
}

/** A stream that breaks with what kubectl has written if kubectl fails. */
function execInPod(name: string, destination: PodDestination): Duplex {
  const args = kubectlExecArguments(destination);
  const stream = new CommandStream({ program: 'kubectl', args });
  stream.explainEnd = () => {
    const { outcome } = stream;
    if (outcome?.error) {
      return kubectlUnusable(name, outcome.error);
    }
    return outcome && outcome.code !== 0 ? execFailed(name, destination, stream.stderr, outcome.code) : undefined;
  };
  return stream;
}

export function kubectlUnusable(name: string, error: Error): Failure {
  return errnoCode(error) === 'ENOENT'
    ? fail(
        'pod.kubectl',
        `Node ${name}: kubectl is not installed on this computer, so no pod can be reached.`,
        'Install kubectl (https://kubernetes.io/docs/tasks/tools/) where your PATH finds it, and set up access to the cluster.',
      )
    : fail(
        'pod.kubectl',
        `Node ${name}: kubectl could not be started.`,
        'Check the installation of kubectl: `kubectl version`.',
        error.message,
        error,
      );
}

/** What kubectl's messages mean. Source: kubectl's and the API server's texts. */
const kubectlReasons: readonly (readonly [pattern: RegExp, what: string, fix: string])[] = [
  [
    /stat .{0,1000}no such file|error loading config file/i,
    'kubectl cannot read its configuration file',
    'Check the path after kubeconfig= in the URI, or KUBECONFIG.',
  ],
  [
    /pods? "?[^"\s]*"? not found/i,
    'there is no such pod',
    '`kubectl get pods` lists the pods of the namespace. Pods of a Deployment get new names; those of a StatefulSet keep them.',
  ],
  [/namespaces? "?[^"\s]*"? not found/i, 'there is no such namespace', '`kubectl get namespaces` lists them.'],
  [
    /container .{0,260} (?:is )?not (?:found|valid)|container not found/i,
    'the pod has no such container',
    '`kubectl describe pod` lists its containers.',
  ],
  [
    /context .{0,260} does not exist|no context exists|context was not found/i,
    'kubectl has no such context',
    '`kubectl config get-contexts` lists them.',
  ],
  [
    /forbidden|cannot create resource "pods\/exec"/i,
    'your user may not run programs in pods',
    'Ask for a role with the verb create on pods/exec in this namespace.',
  ],
  [
    /unauthorized|must be logged in|credentials|getting credentials/i,
    'the cluster refused the sign-in',
    'Sign in to the cluster as you do for kubectl, then try again.',
  ],
  [
    /executable file not found|no such file or directory.{0,200}buildctl|buildctl.{0,200}not found/i,
    'the container has no program buildctl',
    'Choose the container of buildkitd with container=NAME in the URI.',
  ],
  [
    /not running|completed pod|ContainerCreating|unable to upgrade connection: container/i,
    'the container does not run',
    '`kubectl describe pod` shows why.',
  ],
  [
    /connection refused|no such host|i\/o timeout|unable to connect to the server|network is unreachable/i,
    'kubectl does not reach the cluster',
    'Check `kubectl cluster-info`, and the network or VPN that the cluster needs.',
  ],
];

function execFailed(name: string, { pod, namespace }: PodDestination, stderr: string, code: number | null): Failure {
  const detail = sanitizeText(stderr).trim();
  const [, what, fix] = kubectlReasons.find(([pattern]) => pattern.test(detail)) ?? [
    undefined,
    `kubectl ended with exit code ${code}${detail === '' ? '' : `: ${firstLine(detail)}`}`,
    'Try it in a terminal: `kubectl exec -i POD -- buildctl dial-stdio` waits for input if it works.',
  ];
  const where = namespace === undefined ? pod : `${pod} in namespace ${namespace}`;
  return fail('pod.exec', `Node ${name}: the pod ${where} cannot be used: ${what}.`, fix, detail);
}
