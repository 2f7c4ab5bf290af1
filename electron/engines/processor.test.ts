// cspell:disable
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import { printProcessorCommand, readProcessor } from './processor.ts';

/** The flags of processors of these years, as Linux prints them. */
const penryn = 'fpu sse sse2 ssse3 cx16 sse4_1 lahf_lm';
const nehalem = 'fpu sse sse2 ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm';
const haswell = `${nehalem} movbe fma f16c avx avx2 bmi1 bmi2 abm xsave`;
const skylake = `${haswell} avx512f avx512dq avx512cd avx512bw avx512vl`;
const raspberry4 = 'fp asimd evtstrm crc32 cpuid';
const neoverse =
  'fp asimd aes atomics fphp asimdrdm jscvt fcma lrcpc dcpop asimddp sve uscat ilrcpc flagm sb dcpodp sve2 flagm2 frint';

test.each([
  ['linux/amd64', `flags\t\t: ${penryn}`, { variant: 'v1' }],
  ['linux/amd64', `flags\t\t: ${nehalem}\ni686`, { variant: 'v2' }],
  ['linux/amd64', `flags\t\t: ${haswell}\nno-ia32\n`, { variant: 'v3', runs32Bit: false }],
  ['linux/amd64', `flags\t\t: ${skylake}`, { variant: 'v4' }],
  ['linux/amd64', `flags\t\t: ${skylake.replace('avx2 ', '')}`, { variant: 'v2' }],
  ['linux/arm64', `Features\t: ${raspberry4}\narmv8l\n`, { variant: 'v8', runs32Bit: true }],
  ['linux/arm64', `Features\t: ${raspberry4}\naarch64\n`, { variant: 'v8' }],
  ['linux/arm64', `Features\t: ${neoverse}\r\n`, { variant: 'v9' }],
  ['linux/arm/v7', 'Features\t: half thumb neon vfpv4\narmv8l\n', {}],
  ['linux/s390x', 'features\t: esan3 zarch', {}],
  ['linux/amd64', '', {}],
  ['linux/amd64', 'no-ia32\n', {}],
  ['windows/amd64', `flags : ${skylake}`, {}],
])('the processor of an engine for %s that prints %j', (platform, printed, processor) => {
  expect(readProcessor(printed, parsePlatform(platform) ?? expect.fail('not a platform'))).toEqual(processor);
});

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'the command tells the variant of this machine',
  () => {
    const printed = execFileSync('sh', ['-c', `${printProcessorCommand}; true`], { encoding: 'utf8' });
    const platform = parsePlatform('linux/amd64') ?? expect.fail('not a platform');
    expect(readProcessor(printed, platform).variant).toMatch(/^v[1-4]$/);
  },
);
