/** Makes a release. See `usage`. The workflow of a forge calls the same steps. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { version } from '../../electron/system/version.ts';
import { newestVersion, parseChangelog } from './changelog.ts';
import { signFile, writeChecksums } from './checksums.ts';
import { licenceName, licenceTexts } from './licences.ts';
import { bundledPackages, npmBom, releaseBom } from './sbom.ts';

const usage = `npm run release -- STEP…
  check      CHANGELOG.md has this version with a date, the tag (GITHUB_REF_NAME, if set) is v${version}, and no file is changed
  bundle     bundles the app; the same commit gives the same bytes
  terminal   packs the command as an npm package
  desktop    packs the desktop app for this system; signed where electron-builder finds keys (CSC_LINK, WIN_CSC_LINK, APPLE_ID …)
  sbom       writes the SBOM (CycloneDX) and the licences of what is in the bundle
  notes      writes what CHANGELOG.md says of this version
  checksums  writes SHA256SUMS of all that is in dist/
  sign       signs SHA256SUMS with the SSH key in RELEASE_SIGNING_KEY; without one, it says so
Everything goes to dist/. Without steps: all but check, desktop and sign.`;

const root = resolve(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');

const steps: Readonly<Record<string, () => Promise<void>>> = {
  check,
  bundle: async () => {
    await rm(join(root, 'out'), { recursive: true, force: true });
    run('electron-vite', ['build', '--logLevel', 'warn']);
  },
  terminal: async () => {
    await mkdir(dist, { recursive: true });
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', dist], { cwd: root, stdio: 'inherit' });
  },
  desktop: async () => {
    // the manual pages and completions that the packages install
    execFileSync(process.execPath, ['--import', 'tsx', join('e2e', 'packages', 'write.ts')], {
      cwd: root,
      stdio: 'inherit',
    });
    run('electron-builder', ['--publish', 'never']);
  },
  sbom: async () => {
    const packages = await bundledPackages(root);
    const licences = await Promise.all(packages.map(async (each) => [each, await licenceName(root, each)] as const));
    const bom = releaseBom(await npmBom(root), new Map(licences), { version, time: commitTime() });
    await mkdir(dist, { recursive: true });
    await writeFile(join(dist, `barnraiser-${version}.cdx.json`), `${JSON.stringify(bom, null, 2)}\n`);
    await writeFile(join(dist, `barnraiser-${version}-licences.txt`), await licenceTexts(root, packages));
  },
  notes: async () => {
    const { text } = await newest();
    await mkdir(dist, { recursive: true });
    await writeFile(join(dist, `barnraiser-${version}-notes.md`), `${text}\n`);
  },
  checksums: async () => {
    console.log(await readFile(await writeChecksums(dist), 'utf8'));
  },
  sign: async () => {
    const { RELEASE_SIGNING_KEY } = process.env;
    if (!RELEASE_SIGNING_KEY) {
      console.log('RELEASE_SIGNING_KEY is not set: SHA256SUMS is not signed.');
      return;
    }
    await signFile(join(dist, 'SHA256SUMS'), RELEASE_SIGNING_KEY);
  },
};

/** @throws Error */
async function check(): Promise<void> {
  const { date } = await newest();
  const { GITHUB_REF_NAME: tag } = process.env;
  const changed = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
  const problems = [
    ...(date === undefined
      ? [`CHANGELOG.md says that ${version} is not released: replace "Unreleased" by the date.`]
      : []),
    ...(tag !== undefined && tag !== `v${version}` ? [`The tag is ${tag}, package.json says ${version}.`] : []),
    ...(changed === '' ? [] : [`Files are not committed:\n${changed}`]),
  ];
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
}

async function newest() {
  const entry = newestVersion(parseChangelog(await readFile(join(root, 'CHANGELOG.md'), 'utf8')));
  if (entry?.name !== version) {
    throw new Error(`CHANGELOG.md ends at ${entry?.name}, package.json says ${version}.`);
  }
  return entry;
}

/** What programs take for the time of a build, so that the same commit gives the same bytes. Source: reproducible-builds.org. */
function commitTime(): Date {
  const { SOURCE_DATE_EPOCH } = process.env;
  const seconds =
    SOURCE_DATE_EPOCH || execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  return new Date(Number(seconds) * 1000);
}

function run(command: string, args: readonly string[]): void {
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(commitTime().getTime() / 1000) };
  execFileSync(process.execPath, [join(root, 'node_modules', command, ...(programs[command] ?? [])), ...args], {
    cwd: root,
    stdio: 'inherit',
    env,
  });
}

/** On Windows, the links of npm to programs are scripts, which cannot be run without a shell. */
const programs: Readonly<Record<string, readonly string[]>> = {
  'electron-vite': ['bin', 'electron-vite.js'],
  'electron-builder': ['cli.js'],
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !steps[name]);
if (asked.includes('help')) {
  console.log(usage);
} else if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: no such step.\n\n${usage}`);
  process.exitCode = 2;
} else {
  for (const name of asked.length > 0 ? asked : ['bundle', 'terminal', 'sbom', 'notes', 'checksums']) {
    console.log(`=== ${name}`);
    await steps[name]?.();
  }
}
