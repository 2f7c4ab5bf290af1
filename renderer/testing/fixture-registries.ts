import type { AppEvent, CallName, CallOutput, CallRequest } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import type { Registry, RegistryCheck, RegistryLogin } from '../../shared/registry.ts';
import { fixtureNow } from './fixture-clock.ts';

type RegistryCall = Extract<CallName, `registries.${string}`>;
type Handlers = {
  readonly [N in RegistryCall]: (request: CallRequest<N>) => CallOutput<N> | Promise<CallOutput<N>>;
};

type State = 'empty' | 'busy' | 'failed' | 'done' | 'huge' | 'question';

/** Registries and logins of the fixture app. */
export function createRegistries(state: State, emit: (event: AppEvent) => void): Handlers {
  let registries = registriesOf(state);
  const changed = (): void => emit({ event: 'registries.changed' });
  const replace = (name: string, change: (registry: Registry) => Registry): void => {
    const before = registries.find((each) => each.name === name);
    const after = change(before ?? blank(name));
    registries = [...registries.filter((each) => each !== before), after].sort((a, b) => a.name.localeCompare(b.name));
    changed();
  };
  const set: Handlers['registries.set'] = (own) => {
    replace(own.name, (registry) => ({
      ...registry,
      own: { ...registry.own, ...own },
      tls: own.tls ?? registry.tls,
      mirrors: (own.mirrors ?? []).map((location) => ({ location })),
    }));
    return own;
  };
  const logins = (): RegistryLogin[] => registries.flatMap((registry) => registry.logins);

  return {
    'registries.list': () => registries,
    'registries.add': (own) => {
      if (registries.some(({ name, own: settings }) => name === own.name && settings)) {
        throw fail('registry.exists', `${own.name} has settings already.`, 'Change them.');
      }
      return set(own);
    },
    'registries.set': set,
    'registries.remove': ({ name }) => {
      replace(name, ({ own: _, ...registry }) => ({ ...registry, tls: 'verify', mirrors: [] }));
      return {};
    },
    'registries.check': ({ name, repository }) => check(name, repository ?? 'team/api', state),
    'registries.directLimits': ({ destination }) =>
      destination.startsWith('registry.example.com')
        ? [
            {
              message:
                'Nodes that push themselves do not get the certificate authority of registry.example.com: engines take none with a push.',
              fix: 'Save /home/anna/ca.pem on each node in /etc/containers/certs.d/registry.example.com (podman) or /etc/docker/certs.d/registry.example.com (docker), as ca.crt.',
            },
          ]
        : [],
    'registries.delete': ({ image }) => ({ deleted: image }),
    'registries.logins': logins,
    'registries.login': ({ name, username, password, store = 'barnraiser' }) => {
      if (password === 'wrong') {
        throw fail(
          'registry.authentication',
          `The registry ${name} rejected the user "${username}" (credentials as entered).`,
          'Check the user name and the password, or the token and its permissions.',
        );
      }
      const login: RegistryLogin = { name, username, store, keptIn: "the system's keychain" };
      replace(name.split('/')[0] ?? name, (registry) => ({
        ...registry,
        logins: [login, ...registry.logins.filter((other) => other.store !== store)],
      }));
      return { ...login, checked: true };
    },
    'registries.logout': ({ name = '', store }) => {
      const removed = logins().filter((login) => login.name === name && (!store || login.store === store));
      replace(name.split('/')[0] ?? name, (registry) => ({
        ...registry,
        logins: registry.logins.filter((login) => !removed.includes(login)),
      }));
      const [left] = logins().filter((login) => login.name === name);
      return { removed, ...(left ? { left } : {}) };
    },
  };
}

function blank(name: string): Registry {
  return { name, tls: 'verify', mirrors: [], certificates: [], files: [], logins: [] };
}

function registriesOf(state: State): Registry[] {
  if (state === 'empty') {
    return [];
  }
  const few: Registry[] = [
    {
      ...blank('docker.io'),
      mirrors: [{ location: 'mirror.example.com/hub', file: '/etc/containers/registries.conf' }],
      files: ['/etc/containers/registries.conf'],
      logins: [{ name: 'docker.io', username: 'anna', store: 'docker', keptIn: 'docker-credential-desktop' }],
    },
    {
      ...blank('ghcr.io'),
      logins: [{ name: 'ghcr.io', store: 'podman', keptIn: '/run/user/1000/containers/auth.json' }],
    },
    {
      ...blank('localhost:5000'),
      tls: 'plain-http',
      own: { name: 'localhost:5000', tls: 'plain-http' },
    },
    {
      ...blank('mirror.example.com:5000'),
      tls: 'no-verify',
      files: ['/etc/containers/registries.conf.d/lab.conf'],
      pushedAt: new Date(fixtureNow() - 9 * 60_000).toISOString(),
    },
    {
      ...blank('old.example.com'),
      blockedBy: '/etc/containers/registries.conf',
      files: ['/etc/containers/registries.conf'],
    },
    {
      ...blank('registry.example.com'),
      own: { name: 'registry.example.com', ca: '/home/anna/certificates/example-ca.pem', proxy: 'http://proxy:3128' },
      certificates: [
        '/home/anna/certificates/example-ca.pem',
        '/etc/containers/certs.d/registry.example.com/client.cert',
      ],
      logins: [
        { name: 'registry.example.com', username: 'anna', store: 'barnraiser', keptIn: "the system's keychain" },
        {
          name: 'registry.example.com/team',
          username: 'ci',
          store: 'podman',
          keptIn: '/run/user/1000/containers/auth.json',
        },
      ],
      pushedAt: new Date(fixtureNow() - 5 * 60_000).toISOString(),
    },
  ];
  const many = Array.from({ length: 120 }, (_, index) =>
    blank(`r${String(index).padStart(3, '0')}.registries.example.com`),
  );
  return state === 'huge' ? [...few, ...many] : few;
}

function check(name: string, repository: string, state: State): RegistryCheck {
  const facts = [
    { name: 'Certificate of', value: name },
    { name: 'Issued by', value: 'Example internal CA' },
    { name: 'Valid until', value: 'Mar  3 12:00:00 2027 GMT' },
  ];
  const problem = fail(
    'registry.tls',
    `The certificate of the registry at ${name}:443 is not trusted: it is signed by an unknown certificate authority.`,
    'If your own certificate authority signed it, name that authority in the settings of the registry.',
  ).problem;
  const skipped = { status: 'skipped' as const, text: 'Not tried, because a step before it failed.' };
  if (state === 'failed') {
    return {
      ...{ name, repository, passed: false },
      steps: [
        {
          id: 'address',
          status: 'passed',
          text: `${name} answers at port 443.`,
          facts: [{ name: 'Address', value: '10.1.2.3' }],
        },
        { id: 'tls', status: 'failed', text: problem.message, facts, problem },
        ...(['api', 'sign-in', 'pull', 'push'] as const).map((id) => ({ id, ...skipped })),
      ],
    };
  }
  return {
    ...{ name, repository, passed: true },
    steps: [
      {
        id: 'address',
        status: 'passed',
        text: `${name} answers at port 443.`,
        facts: [{ name: 'Address', value: '10.1.2.3' }],
      },
      { id: 'tls', status: 'passed', text: 'The certificate is trusted.', facts },
      { id: 'api', status: 'passed', text: 'The registry answers, and wants a token.' },
      { id: 'sign-in', status: 'passed', text: 'The registry accepts the login of anna.' },
      { id: 'pull', status: 'passed', text: `The registry lets you pull from ${repository}.` },
      { id: 'push', status: 'passed', text: `The registry lets you push to ${repository}.` },
    ],
  };
}
