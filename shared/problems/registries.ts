import type { TextsOf } from './problem-text.ts';

/** Registries, pushes and copies. */
export const registryTexts: TextsOf<'registry' | 'push' | 'copy'> = {
  'registry.unreachable': {
    title: 'The registry cannot be reached',
    meaning:
      'This computer could not connect to the registry. Pushes and pulls of Barnraiser start here, not on the nodes.',
    causes: [
      'The name or the port is misspelled.',
      'The registry does not run, or is in another network (a VPN may be missing).',
      'A proxy is needed, or one is set that is wrong or not meant for this registry.',
      'A mirror is down.',
    ],
    fixes: [
      {
        text: 'Check it step by step.',
        terminal: ['barnraiser registry check REGISTRY'],
        window: 'Registries › the registry › Check',
      },
      { text: 'See which proxy is set.', terminal: ['env | grep -i proxy'] },
      {
        text: 'Reach it without a proxy, or through another one.',
        terminal: [
          'export NO_PROXY=REGISTRY',
          'barnraiser registry set REGISTRY --proxy http://proxy.example.com:3128',
        ],
      },
    ],
    settings: ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'ALL_PROXY'],
    docs: ['registries.md'],
    see: ['registry.tls', 'engine.pull'],
  },
  'registry.authentication': {
    title: 'The registry rejected the login',
    meaning: 'The registry needs a login, and there is none for it, or it is wrong or has expired.',
    causes: [
      'You are not signed in to this registry.',
      'The password or token is wrong, was revoked or has expired (tokens of Amazon ECR last twelve hours).',
      'The login of podman or docker that is used is for another account.',
    ],
    fixes: [
      {
        text: 'Sign in. Many registries want an access token in place of the password.',
        terminal: ['barnraiser login REGISTRY'],
        window: 'Registries › Sign in…',
      },
      { text: 'See which logins are used.', terminal: ['barnraiser login --list'], window: 'Registries' },
      { text: 'Give a login for one push.', terminal: ['barnraiser push REF --creds USER'] },
    ],
    settings: ['REGISTRY_AUTH_FILE', 'DOCKER_CONFIG'],
    docs: ['registries.md'],
    see: ['registry.denied', 'registry.credentials'],
  },
  'registry.denied': {
    title: 'The registry does not allow this',
    meaning: 'The registry knows the login, but it may not read or write this repository.',
    causes: [
      'The repository belongs to somebody else: the name is wrong.',
      'The token may only read.',
      'The account has no right to write there, or the project does not exist.',
      'You are not signed in, and the registry says so in this manner.',
    ],
    fixes: [
      {
        text: 'Check what the login may do.',
        terminal: ['barnraiser registry check REGISTRY --repository REPOSITORY'],
        window: 'Registries › the registry › Check',
      },
      {
        text: 'Sign in with an account or a token that may write.',
        terminal: ['barnraiser login REGISTRY'],
        window: 'Registries › Sign in…',
      },
      { text: 'Push to a repository of yours.', terminal: ['barnraiser push REF REGISTRY/USER/REPOSITORY:TAG'] },
    ],
    docs: ['registries.md'],
    see: ['registry.authentication'],
  },
  'registry.refused': {
    title: 'The registry refused a request',
    meaning:
      'The registry, its token server or a proxy in front of it answered with an error. Its own words are in the details.',
    causes: [
      'The repository or project does not exist, and the registry does not create it by itself (Amazon ECR, Google, Harbor).',
      'The address is not that of a registry, or redirects to another one.',
      'A proxy limits the size of requests or changes headers.',
      'The registry is blocked in registries.conf.',
      'The registry has a problem of its own, or gets too many requests.',
    ],
    fixes: [
      {
        text: 'Check it step by step.',
        terminal: ['barnraiser registry check REGISTRY --repository REPOSITORY'],
        window: 'Registries › the registry › Check',
      },
      {
        text: 'Create the repository or project, then push again: what has arrived is not sent again.',
        terminal: ['barnraiser push REF'],
      },
    ],
    settings: ['CONTAINERS_REGISTRIES_CONF'],
    docs: ['registries.md', 'registry-conformance.md'],
    see: ['registry.denied', 'registry.unreachable'],
  },
  'registry.immutable': {
    title: 'The tag cannot be replaced',
    meaning: 'The registry has an image under this tag and is set up not to replace it.',
    causes: ['The repository has immutable tags.', 'The image or the tag is locked.'],
    fixes: [
      {
        text: 'Push under another tag.',
        terminal: ['barnraiser tags REGISTRY/REPOSITORY', 'barnraiser push REF REGISTRY/REPOSITORY:OTHER'],
      },
      { text: 'Or allow changes in the settings of the repository.' },
    ],
    see: ['image.released'],
  },
  'registry.quota': {
    title: 'A limit of the registry is reached',
    meaning: 'The registry takes no more requests for now, or no more data.',
    causes: [
      'Too many pulls or pushes in a short time, often without a login.',
      'The storage of the account or project is full.',
    ],
    fixes: [
      {
        text: 'Sign in, or wait: limits without a login are lower.',
        terminal: ['barnraiser login REGISTRY'],
        window: 'Registries › Sign in…',
      },
      {
        text: 'Delete images that are no longer needed there.',
        terminal: ['barnraiser tags REGISTRY/REPOSITORY', 'barnraiser registry delete REGISTRY/REPOSITORY:TAG'],
      },
    ],
    docs: ['registries.md'],
  },
  'registry.exists': {
    title: 'The registry has settings already',
    meaning: 'Barnraiser has certificates, mirrors or a proxy for this registry.',
    causes: ['It was added before.'],
    fixes: [
      {
        text: 'Change them.',
        terminal: ['barnraiser registry list', 'barnraiser registry set REGISTRY --tls verify'],
        window: 'Registries › the registry',
      },
    ],
    docs: ['registries.md'],
  },
  'registry.unknown': {
    title: 'There is no such registry or image in it',
    meaning: 'There are no settings or no login of this name, or the registry has no such image.',
    causes: [
      'The name is misspelled. The port is a part of the name.',
      'You were signed out already.',
      'The image was deleted.',
    ],
    fixes: [
      {
        text: 'See the registries and logins that there are.',
        terminal: ['barnraiser registry list', 'barnraiser login --list'],
        window: 'Registries',
      },
      { text: 'See the tags of a repository.', terminal: ['barnraiser tags REGISTRY/REPOSITORY'] },
    ],
    docs: ['registries.md'],
  },
  'registry.tls': {
    title: "The registry's TLS cannot be used",
    meaning: 'The certificate of the registry is not trusted, it needs a client certificate, or it has no TLS at all.',
    causes: [
      'Your own certificate authority has signed the certificate, and this computer does not know it.',
      'The registry uses plain HTTP.',
      'The certificate has expired, or is for another name.',
      'The registry wants a client certificate, or its key does not belong to it.',
    ],
    fixes: [
      {
        text: 'Name the certificate authority.',
        terminal: ['barnraiser registry add REGISTRY --ca ca.crt'],
        window: 'Registries › Add a registry…',
      },
      {
        text: 'Name a client certificate.',
        terminal: ['barnraiser registry add REGISTRY --client-cert client.cert --client-key client.key'],
      },
      {
        text: 'Only in a network that you trust, do without: others can then read what is sent, passwords included. The first command is for always, the second for one push.',
        terminal: ['barnraiser registry add REGISTRY --tls plain-http', 'barnraiser push REF --tls-verify=false'],
        window: 'Registries › Add a registry… › Plain HTTP',
      },
    ],
    settings: ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'],
    docs: ['registries.md'],
    see: ['registry.unreachable'],
  },
  'registry.credentials': {
    title: 'Saved logins cannot be read',
    meaning:
      'Logins are in files of podman and docker, or in a credential helper that such a file names. One of them does not work.',
    causes: [
      'The file is not valid JSON, or you may not read it.',
      'The credential helper is not installed, or not in the PATH of Barnraiser.',
      'The helper has failed, often because a keychain is locked.',
    ],
    fixes: [
      { text: 'Look at the file that the message names.', terminal: ['cat ~/.docker/config.json'] },
      { text: 'Try the helper.', terminal: ['echo REGISTRY | docker-credential-NAME get'] },
      {
        text: 'Sign in again.',
        terminal: ['barnraiser login REGISTRY --store podman'],
        window: 'Registries › Sign in…',
      },
      { text: 'Do without saved logins.', terminal: ['barnraiser push REF --creds USER'] },
    ],
    settings: ['REGISTRY_AUTH_FILE', 'DOCKER_CONFIG', 'PATH'],
    docs: ['registries.md'],
    see: ['registry.authentication', 'secrets.unavailable'],
  },
  'push.cancelled': {
    title: 'The push did not take place',
    meaning:
      'The push was cancelled, or the build that it belongs to did not complete. The tag in the registry is as it was before.',
    causes: [
      'You cancelled it, or pressed Ctrl+C.',
      'A platform of the build has failed, and only complete lists are pushed.',
    ],
    fixes: [
      {
        text: 'Push again: what has arrived is not sent again.',
        terminal: ['barnraiser push REF'],
        window: 'Images › the image › Push…',
      },
      {
        text: 'Build what is missing; the push follows.',
        terminal: ['barnraiser retry BUILD'],
        window: 'Builds › the build › Retry',
      },
    ],
    see: ['image.partial', 'build.cancelled'],
  },
  'copy.cancelled': {
    title: 'The copy was cancelled',
    meaning: 'The tag at the destination is as it was before. Blobs that have arrived stay there for a while.',
    causes: ['You cancelled it, or pressed Ctrl+C.'],
    fixes: [
      {
        text: 'Start it again: what has arrived is not sent again.',
        terminal: ['barnraiser copy docker://REF docker://OTHER'],
        window: 'Images › the image › Copy image between registries…',
      },
    ],
  },
};
