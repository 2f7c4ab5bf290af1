import type { TextsOf } from './problem-text.ts';

/** Connections over TCP and TLS, into containers and into pods. */
export const transportTexts: TextsOf<'tcp' | 'tls' | 'container' | 'pod'> = {
  'tcp.unreachable': {
    title: 'The engine cannot be reached over TCP',
    meaning: 'No TCP connection to the address of the engine was made.',
    causes: [
      'The engine does not run, or does not listen on TCP: docker and BuildKit do so only if they are set up for it.',
      'The port is wrong. docker uses 2376 with TLS, BuildKit usually 1234.',
      'The machine is switched off, or a firewall refuses the connection.',
      'The host name is misspelled.',
    ],
    fixes: [
      { text: 'See whether something listens there.', terminal: ['nc -vz HOST PORT'] },
      {
        text: 'Check the connection.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
      {
        text: 'SSH needs no open port of the engine.',
        terminal: ['barnraiser connection update NODE --uri ssh://USER@HOST'],
      },
    ],
    docs: ['BUILDKIT.md'],
    see: ['tcp.timeout', 'tls.handshake'],
  },
  'tcp.timeout': {
    title: 'The engine did not answer over TCP in time',
    meaning: 'The host did not accept the TCP connection, or did not complete the TLS handshake, within its limit.',
    causes: [
      'The machine is switched off, or a firewall drops packets without an answer.',
      'Something without TLS listens on the port.',
      'The machine is overloaded.',
    ],
    fixes: [
      { text: 'See whether the port is open.', terminal: ['nc -vz HOST PORT'] },
      { text: 'See whether it answers with TLS.', terminal: ['openssl s_client -connect HOST:PORT -brief'] },
      {
        text: 'Check the connection.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
    ],
    see: ['tcp.unreachable', 'tls.handshake'],
  },
  'tcp.lost': {
    title: 'The TCP connection was lost',
    meaning: 'A connection to an engine that worked has broken. A running job moves to another node if there is one.',
    causes: [
      'The engine or its machine was restarted.',
      'The network was interrupted.',
      'A firewall or load balancer closes connections after a while.',
    ],
    fixes: [
      { text: 'See whether the node is back.', terminal: ['barnraiser status --node NODE'], window: 'Connections' },
      { text: 'Build what is missing.', terminal: ['barnraiser retry BUILD'], window: 'Builds › the build › Retry' },
    ],
    docs: ['FAILOVER.md'],
    see: ['tcp.unreachable'],
  },
  'tcp.unencrypted': {
    title: 'The connection would not be encrypted',
    meaning:
      'Without TLS, everybody on the network can read your files and use the engine, which is root on its machine. Barnraiser connects so only if you allow it.',
    causes: ['The connection has no TLS files.', 'The engine was set up without TLS, for a trusted network.'],
    fixes: [
      {
        text: 'Use TLS with a client certificate.',
        terminal: ['barnraiser connection update NODE --tls-ca ca.pem --tls-cert cert.pem --tls-key key.pem'],
        window: 'Connections › the node › Certificate authority',
      },
      { text: 'Or use SSH.', terminal: ['barnraiser connection update NODE --uri ssh://USER@HOST'] },
      {
        text: 'Only in a network that you trust, such as that of a single machine, allow it.',
        terminal: ['barnraiser connection update NODE --allow-unencrypted'],
      },
    ],
    docs: ['BUILDKIT.md'],
    see: ['tls.files'],
  },
  'tls.files': {
    title: 'The TLS files of the connection cannot be used',
    meaning:
      'A certificate authority, a client certificate or its key is missing, not readable, or not what it should be.',
    causes: [
      'A path is wrong, or the file was moved.',
      'The client certificate and the key do not belong together, or one of them is missing.',
      'The key has a passphrase.',
      'The file is not in PEM format.',
      'Other users of this computer can read the key.',
    ],
    fixes: [
      {
        text: 'Choose the files again.',
        terminal: ['barnraiser connection update NODE --tls-ca ca.pem --tls-cert cert.pem --tls-key key.pem'],
        window: 'Connections › the node › Client certificate',
      },
      { text: 'Convert a file from DER to PEM.', terminal: ['openssl x509 -inform der -in FILE -out FILE.pem'] },
      {
        text: 'Take the passphrase away, and keep the key to yourself.',
        terminal: ['openssl pkey -in key.pem -out key-plain.pem', 'chmod 600 key-plain.pem'],
      },
    ],
    see: ['tls.certificate', 'tls.client-certificate'],
  },
  'tls.certificate': {
    title: "The engine's certificate is not trusted",
    meaning:
      'The engine has shown a certificate that cannot be checked, so it is not certain that it is the right machine.',
    causes: [
      'The connection does not name the certificate authority that signed it.',
      'The certificate is for another name than the one in the address.',
      'The certificate has expired, or a clock is wrong.',
      'The certificate is not for servers, or is revoked.',
    ],
    fixes: [
      { text: 'Look at the certificate.', terminal: ['openssl s_client -connect HOST:PORT -showcerts'] },
      {
        text: 'Name the certificate authority.',
        terminal: ['barnraiser connection update NODE --tls-ca ca.pem'],
        window: 'Connections › the node › Certificate authority',
      },
      {
        text: 'If the name differs, say which name the certificate has.',
        terminal: ['barnraiser connection update NODE --tls-server-name NAME'],
        window: 'Connections › the node › Server name',
      },
    ],
    see: ['tls.files', 'tls.client-certificate'],
  },
  'tls.client-certificate': {
    title: 'The engine refused the client certificate',
    meaning: 'The engine lets in only clients with a certificate that its own authority has signed.',
    causes: [
      'The connection has no client certificate.',
      'Another authority has signed it.',
      'It has expired, or is not for clients (clientAuth).',
    ],
    fixes: [
      {
        text: 'Choose a client certificate and its key.',
        terminal: ['barnraiser connection update NODE --tls-cert cert.pem --tls-key key.pem'],
        window: 'Connections › the node › Client certificate',
      },
      {
        text: 'See who signed it, and until when it is valid.',
        terminal: ['openssl x509 -in cert.pem -noout -issuer -dates -purpose'],
      },
    ],
    see: ['tls.files', 'tls.certificate'],
  },
  'tls.handshake': {
    title: 'The TLS handshake failed',
    meaning: 'One side expects TLS and the other does not, or both know no common version of it.',
    causes: [
      'The connection has TLS files, but the port has no TLS (docker: 2375).',
      'The port expects TLS, but the connection has no TLS files.',
      'The engine supports only TLS older than 1.2.',
    ],
    fixes: [
      { text: 'See what the port speaks.', terminal: ['openssl s_client -connect HOST:PORT -brief'] },
      {
        text: 'Use the port with TLS, and name the files.',
        terminal: [
          'barnraiser connection update NODE --uri tcp://HOST:2376 --tls-ca ca.pem --tls-cert cert.pem --tls-key key.pem',
        ],
        window: 'Connections › the node',
      },
    ],
    see: ['tcp.unencrypted', 'tls.files'],
  },
  'container.context': {
    title: 'The docker of the container is not known',
    meaning:
      'A connection such as docker-container://NAME needs the docker that runs the container. The docker context that says where it is cannot be used.',
    causes: [
      'The context was removed or renamed.',
      'The context has settings that Barnraiser does not read.',
      'DOCKER_CONTEXT or DOCKER_CONFIG has another value here.',
    ],
    fixes: [
      { text: 'See the contexts that there are.', terminal: ['docker context ls'] },
      {
        text: 'Name the docker in the address instead.',
        terminal: ['barnraiser connection update NODE --uri "docker-container://NAME?host=ssh://USER@HOST"'],
        window: 'Connections › the node › URI',
      },
    ],
    settings: ['DOCKER_CONTEXT', 'DOCKER_HOST', 'DOCKER_CONFIG'],
    docs: ['BUILDKIT.md'],
    see: ['container.missing'],
  },
  'container.missing': {
    title: 'The container of BuildKit does not run',
    meaning: 'The connection leads to BuildKit in a container, which does not exist or is stopped.',
    causes: [
      'The machine was restarted, and the container has no restart policy.',
      'The builder of docker buildx was removed or made again under another name.',
      'The name is misspelled: builders of buildx are called buildx_buildkit_NAME0.',
    ],
    fixes: [
      { text: 'See the containers, and start it.', terminal: ['docker ps --all', 'docker start CONTAINER'] },
      {
        text: 'Correct the name.',
        terminal: ['barnraiser connection update NODE --uri docker-container://CONTAINER'],
        window: 'Connections › the node › URI',
      },
    ],
    docs: ['BUILDKIT.md'],
    see: ['container.exec'],
  },
  'container.exec': {
    title: 'BuildKit in the container does not answer',
    meaning: 'The container runs, but the program buildctl in it could not be started or has ended.',
    causes: [
      'The container is not of moby/buildkit.',
      'buildkitd in it has crashed or is still starting.',
      'The image has no buildctl in its PATH.',
    ],
    fixes: [
      { text: 'Read the log of the container.', terminal: ['docker logs CONTAINER'] },
      {
        text: 'Try what Barnraiser does: it waits for input if it works.',
        terminal: ['docker exec -i CONTAINER buildctl dial-stdio'],
      },
    ],
    docs: ['BUILDKIT.md'],
    see: ['container.missing', 'engine.answer'],
  },
  'pod.kubectl': {
    title: 'kubectl cannot be started',
    meaning: 'A connection kube-pod://POD reaches BuildKit through kubectl, which must be installed on this computer.',
    causes: [
      'kubectl is not installed, or not in the PATH of Barnraiser. Desktop apps often have a shorter PATH than a terminal.',
      'The program is for another processor, or may not be run.',
    ],
    fixes: [
      { text: 'See whether it works.', terminal: ['kubectl version', 'command -v kubectl'] },
      { text: 'Install it: https://kubernetes.io/docs/tasks/tools/. Then start Barnraiser again.' },
    ],
    settings: ['PATH', 'KUBECONFIG'],
    docs: ['BUILDKIT.md'],
    see: ['pod.exec'],
  },
  'pod.exec': {
    title: 'The pod cannot be used',
    meaning: 'kubectl ran, but could not start buildctl in the pod. The message says what kubectl reported.',
    causes: [
      'The pod has another name now: pods of a Deployment get new names, those of a StatefulSet keep them.',
      'Namespace, context or container are wrong.',
      'Your user may not run programs in pods (pods/exec), or has to sign in to the cluster.',
      'The cluster cannot be reached.',
    ],
    fixes: [
      { text: 'See the pods.', terminal: ['kubectl get pods --namespace NAMESPACE'] },
      {
        text: 'Try what Barnraiser does: it waits for input if it works.',
        terminal: ['kubectl exec -i POD --namespace NAMESPACE -- buildctl dial-stdio'],
      },
      {
        text: 'Correct the address.',
        terminal: ['barnraiser connection update NODE --uri "kube-pod://POD?namespace=NAMESPACE&container=buildkitd"'],
        window: 'Connections › the node › URI',
      },
    ],
    settings: ['KUBECONFIG'],
    docs: ['BUILDKIT.md'],
    see: ['pod.kubectl'],
  },
};
