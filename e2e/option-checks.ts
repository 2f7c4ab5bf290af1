/**
 * What shows that an engine does what an option asks for. options.spec.ts makes few builds of all checks, each with all options that
 * the engine supports; docs/OPTIONS.md says of an option that it works only where it has a check.
 */
import { expect } from 'vitest';
import type { Builder, OptionName } from '../shared/build-options.ts';
import type { StoredImage } from './stored-image.ts';

/** What a check looks at. */
export interface Evidence {
  readonly builder: Builder;
  readonly image: StoredImage;
  /** What the build's RUN step has written of itself, by the name of the file. */
  step(name: string): Promise<string>;
  /** All that the command printed. */
  readonly output: string;
  /** Runs a command on the node. */
  readonly shell: (command: string) => Promise<string>;
  /** The commit of the project. */
  readonly revision: string;
  /** In no other build. */
  readonly random: string;
}

export interface OptionCheck {
  readonly options: readonly OptionName[];
  /** Default: all that support the options. */
  readonly builders?: readonly Builder[];
  readonly flags: (facts: Pick<Evidence, 'random'>) => readonly string[];
  readonly look: (evidence: Evidence) => Promise<void>;
}

/** The base image has one layer. */
export const baseLayers = 1;

/** One step that writes down what it sees, in a stage that is not the last one. @param from names the base image */
export const containerfile = (from: string, random: string): Record<string, string> => ({
  'other.containerfile': [
    `${from} AS first`,
    `RUN echo first-begin ${random}; sleep 0.4; echo first-end; echo ${random} > /first`,
    `${from} AS second`,
    `RUN echo second-begin ${random}; sleep 0.4; echo second-end; echo ${random} > /second`,
    `${from} AS wanted`,
    'ARG GIVEN',
    'ARG FILED',
    'ARG REVISION',
    'HEALTHCHECK CMD true',
    'COPY --from=first /first /first',
    'COPY --from=second /second /second',
    'RUN mkdir /checked && cd /checked && echo "$GIVEN $FILED" > args && echo "$REVISION" > git && echo "$HTTP_PROXY $https_proxy" > proxies && \\',
    '  for name in limits status cgroup mounts; do cat /proc/self/$name > $name; done && \\',
    '  echo $$ > pid && ls /dev > dev && ls /sys/class/net > net && cat /etc/hosts > hosts && cat /etc/resolv.conf > resolv; \\',
    '  for file in memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes cpu/cpu.shares cpu/cpu.cfs_quota_us \\',
    '    cpu/cpu.cfs_period_us cpuset/cpuset.cpus cpuset/cpuset.mems; do \\',
    '    cat /sys/fs/cgroup/$file > $(basename $file) 2>/dev/null; done; true',
    'FROM wanted',
    'RUN exit 9',
    '',
  ].join('\n'),
  Containerfile: 'FROM scratch\nRUN exit 8\n',
  'args.env': '# arguments\nFILED=from a file\n',
});

const both = ['--target', 'wanted', '-f', 'other.containerfile', '--no-skip'];
export const commonFlags: readonly string[] = both;

const limit = (file: string, flags: readonly string[], option: OptionName, value: string): OptionCheck => ({
  options: [option],
  flags: () => flags,
  look: async ({ step }) => expect((await step(file)).trim()).toBe(value),
});
const buildKit: readonly Builder[] = ['docker', 'buildkit'];

/** The value of a set of capabilities: CAP_CHOWN is 0, CAP_SYS_PTRACE 19, CAP_SYS_NICE 23. */
async function capabilities({ step }: Evidence): Promise<bigint> {
  return BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(await step('status'))?.[1]}`);
}
const has = (set: bigint, number: number): boolean => ((set >> BigInt(number)) & 1n) === 1n;

export const time = 1_000_000_000;
export const password = 'hidden-word';
export const proxies = {
  HTTP_PROXY: `http://me:${password}@proxy.example.com:3128`,
  https_proxy: 'http://proxy.example.com:3129',
};

/** In the first build of each engine. */
export const firstChecks: readonly OptionCheck[] = [
  {
    options: ['file', 'target'],
    flags: () => [],
    // another file and the last stage fail
    look: async ({ step }) => expect(await step('pid')).toMatch(/^\d+\n$/),
  },
  {
    options: ['buildArgs', 'buildArgFiles'],
    flags: ({ random }) => ['--build-arg', `GIVEN=given ${random}`, '--build-arg-file', 'args.env'],
    look: async ({ step, random }) => expect(await step('args')).toBe(`given ${random} from a file\n`),
  },
  {
    options: ['labels'],
    flags: () => ['--label', 'example.label=its value', '--label', 'example.empty'],
    look: async ({ image }) =>
      expect(image.config.config.Labels).toMatchObject({ 'example.label': 'its value', 'example.empty': '' }),
  },
  {
    options: ['gitArgs', 'gitLabels'],
    flags: () => ['--git-args=REVISION', '--git-labels=revision'],
    look: async ({ image, step, revision }) => {
      expect(await step('git')).toBe(`${revision}\n`);
      expect(image.config.config.Labels).toMatchObject({ 'org.opencontainers.image.revision': revision });
    },
  },
  {
    options: ['provenance', 'sbom', 'attestInList'],
    flags: () => ['--provenance', '--sbom', '--attest-in-list'],
    look: async ({ image: { list } }) => {
      expect(list.manifests).toContainEqual(
        expect.objectContaining({
          annotations: expect.objectContaining({ 'vnd.docker.reference.type': 'attestation-manifest' }),
          platform: { architecture: 'unknown', os: 'unknown' },
        }),
      );
    },
  },
  {
    options: ['annotations', 'listAnnotations'],
    flags: () => ['--annotation', 'example.image=one', '--list-annotation', 'example.list=all'],
    look: async ({ image: { manifest, list } }) => {
      expect(manifest).toMatchObject({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        annotations: { 'example.image': 'one' },
        config: { mediaType: 'application/vnd.oci.image.config.v1+json' },
      });
      expect(list).toMatchObject({
        mediaType: 'application/vnd.oci.image.index.v1+json',
        annotations: { 'example.list': 'all' },
      });
    },
  },
  {
    options: ['addHosts'],
    flags: () => ['--add-host', 'db:192.0.2.7', '--add-host', 'six=[2001:db8::7]'],
    look: async ({ step }) => {
      const hosts = await step('hosts');
      expect(hosts).toMatch(/^192\.0\.2\.7\s+db$/m);
      expect(hosts).toMatch(/^2001:db8::7\s+six$/m);
    },
  },
  {
    options: ['dns', 'dnsSearch', 'dnsOptions'],
    flags: () => ['--dns', '192.0.2.1', '--dns-search', 'example.com', '--dns-option', 'ndots:3'],
    look: async ({ step }) => {
      const lines = (await step('resolv')).trim().split('\n').sort();
      expect(lines).toEqual(['nameserver 192.0.2.1', 'options ndots:3', 'search example.com']);
    },
  },
  {
    options: ['network'],
    flags: () => ['--network', 'host'],
    // the bridges of docker are in the network of the node
    look: async ({ step }) => expect((await step('net')).split('\n').length).toBeGreaterThan(4),
  },
  {
    options: ['proxy'],
    flags: () => ['--http-proxy'],
    look: async ({ step, image, output }) => {
      expect(await step('proxies')).toBe(`${proxies.HTTP_PROXY} ${proxies.https_proxy}\n`);
      expect(image.configText).not.toContain(password);
      expect(output).not.toContain(password);
    },
  },
  {
    options: ['shmSize'],
    flags: () => ['--shm-size', '96m'],
    look: async ({ step }) => expect(await step('mounts')).toMatch(/^\S+ \/dev\/shm tmpfs .*\bsize=98304k\b/m),
  },
  {
    options: ['ulimits'],
    flags: () => ['--ulimit', 'nofile=1000:2000'],
    look: async ({ step }) => expect(await step('limits')).toMatch(/^Max open files\s+1000\s+2000\s/m),
  },
  limit('memory.limit_in_bytes', ['--memory', '512m'], 'memory', String(512 * 1024 ** 2)),
  limit('memory.memsw.limit_in_bytes', ['--memory-swap', '600m'], 'memorySwap', String(600 * 1024 ** 2)),
  limit('cpu.shares', ['--cpu-shares', '512'], 'cpuShares', '512'),
  limit('cpu.cfs_period_us', ['--cpu-period', '50000'], 'cpuPeriod', '50000'),
  limit('cpu.cfs_quota_us', ['--cpu-quota', '40000'], 'cpuQuota', '40000'),
  limit('cpuset.cpus', ['--cpuset-cpus', '0'], 'cpusetCpus', '0'),
  limit('cpuset.mems', ['--cpuset-mems', '0'], 'cpusetMems', '0'),
  {
    options: ['cgroupParent'],
    flags: ({ random }) => ['--cgroup-parent', `/checked-${random}`],
    look: async ({ step, random }) => expect(await step('cgroup')).toContain(`/checked-${random}`),
  },
  {
    options: ['devices'],
    flags: () => ['--device', '/dev/null:/dev/checked'],
    look: async ({ step }) => expect((await step('dev')).split('\n')).toContain('checked'),
  },
  {
    options: ['capAdd'],
    flags: () => ['--cap-add', 'SYS_PTRACE,CAP_SYS_NICE'],
    look: async (evidence) => {
      const set = await capabilities(evidence);
      expect([has(set, 19), has(set, 23)]).toEqual([true, true]);
    },
  },
  {
    options: ['capDrop'],
    flags: () => ['--cap-drop', 'CHOWN'],
    look: async (evidence) => expect(has(await capabilities(evidence), 0)).toBe(false),
  },
  {
    options: ['securityOpts'],
    flags: () => ['--security-opt', 'seccomp=unconfined', '--security-opt', 'label=disable'],
    look: async ({ step }) => expect(await step('status')).toMatch(/^Seccomp:\s*0$/m),
  },
  {
    options: ['timestamp'],
    flags: () => ['--timestamp', String(time)],
    look: async ({ image }) => {
      expect(Date.parse(image.config.created)).toBe(time * 1000);
      expect(await image.time('checked/pid')).toBe(time);
    },
  },
  {
    options: ['sourceDateEpoch'],
    builders: buildKit,
    flags: () => ['--source-date-epoch', String(time)],
    look: async ({ image }) => expect(Date.parse(image.config.created)).toBe(time * 1000),
  },
  {
    options: ['rewriteTimestamp'],
    builders: ['buildkit'],
    flags: () => ['--rewrite-timestamp'],
    look: async ({ image }) => expect(await image.time('checked/pid')).toBe(time),
  },
];

/** In the second build. */
export const secondChecks: readonly OptionCheck[] = [
  {
    options: ['network'],
    flags: () => ['--network', 'none'],
    look: async ({ step }) => expect((await step('net')).trim()).toBe('lo'),
  },
  {
    options: ['format'],
    flags: () => ['--format', 'docker'],
    look: async ({ image: { manifest, config } }) => {
      expect(manifest.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
      expect(config.config.Healthcheck).toBeDefined();
    },
  },
  {
    options: ['layers'],
    builders: ['podman'],
    flags: () => ['--layers=false'],
    look: async ({ image }) => expect(image.manifest.layers).toHaveLength(baseLayers + 1),
  },
  {
    options: ['jobs'],
    builders: ['podman'],
    flags: () => ['--jobs', '0'],
    look: async ({ output, random }) => {
      const first = output.indexOf('first-end\n');
      const second = output.indexOf('second-end\n');
      const begun = ['first', 'second'].map((stage) => output.indexOf(`${stage}-begin ${random}\n`));
      expect(Math.max(...begun)).toBeLessThan(Math.min(first, second));
    },
  },
];

/** In the third build, of engines whose build steps have containers. */
export const thirdChecks: readonly OptionCheck[] = [
  {
    options: ['squash'],
    flags: () => ['--squash'],
    look: async ({ image }) => expect(image.manifest.layers).toHaveLength(baseLayers + 1),
  },
  {
    options: ['isolation'],
    flags: () => ['--isolation', 'chroot'],
    // a container has processes of its own
    look: async ({ step }) => expect(Number(await step('pid'))).toBeGreaterThan(1),
  },
  {
    options: ['sourceDateEpoch', 'rewriteTimestamp'],
    builders: ['podman'],
    flags: () => ['--source-date-epoch', String(time), '--rewrite-timestamp'],
    look: async ({ image }) => {
      expect(Date.parse(image.config.created)).toBe(time * 1000);
      expect(await image.time('checked/pid')).toBe(time);
    },
  },
  {
    options: ['rm'],
    builders: ['podman', 'classic'],
    flags: () => ['--rm=false'],
    look: async ({ builder, shell, random }) => {
      const list =
        builder === 'podman'
          ? `grep -ls ${random} /var/lib/containers/storage/overlay/*/diff/first | wc -l`
          : `docker ps -a --no-trunc | grep -c ${random}`;
      expect(Number(await shell(list))).toBeGreaterThan(0);
      if (builder === 'classic') {
        await shell(`docker rm -f $(docker ps -a --no-trunc | grep ${random} | cut -c1-12)`);
      }
    },
  },
];

/** Options that other specs check, for every engine that supports them. */
export const checkedElsewhere: Readonly<Partial<Record<OptionName, string>>> = {
  exclude: 'scheduling.spec.ts',
  retryElsewhere: 'failover.spec.ts',
  secondStart: 'second-start.spec.ts',
  files: 'sources.spec.ts',
  filesFor: 'sources.spec.ts',
  contexts: 'sources.spec.ts',
  sources: 'sources.spec.ts',
  queuePriority: 'queue.spec.ts',
  tagByContent: 'pkg.spec.ts',
  existing: 'pkg.spec.ts',
  releaseTag: 'pkg.spec.ts',
  archTags: 'pkg.spec.ts',
  attest: 'attest.spec.ts',
  sign: 'attest.spec.ts',
  signKey: 'attest.spec.ts',
  secrets: 'build-secrets.spec.ts',
  ssh: 'build-secrets.spec.ts',
  pull: 'engines.spec.ts',
  skip: 'unchanged.spec.ts',
  allowPlatformMismatch: 'platforms.spec.ts',
  retention: 'build.spec.ts',
  furtherNames: 'build.spec.ts',
  outputs: 'outputs.spec.ts',
  iidfile: 'terminal.spec.ts',
  metadataFile: 'terminal.spec.ts',
  logfile: 'terminal.spec.ts',
};

const all: readonly Builder[] = ['podman', 'classic', 'docker', 'buildkit'];

/** Options that tests of their own in options.spec.ts check. */
export const checkedAlone = {
  emulate: all,
  quiet: all,
  noCache: all,
  noCacheFor: buildKit,
  cacheFrom: all,
  cacheTo: ['podman', 'docker', 'buildkit'],
  forceRm: ['podman', 'classic'],
  retry: all,
  retryDelay: all,
} satisfies Partial<Record<OptionName, readonly Builder[]>>;
