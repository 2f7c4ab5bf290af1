import { describe, expect, test } from 'vitest';
import { formatOutput, type Output, parseOutput, platformFolder, platformSuffix, withOutputPath } from './output.ts';
import { type Platform, parsePlatform } from './platform.ts';

const platform = (text: string): Platform => parsePlatform(text) ?? expect.fail(text);
const [amd64, armv7] = [platform('linux/amd64'), platform('linux/arm/v7')];

describe('an output', () => {
  test.each<[string, Output]>([
    ['list', { kind: 'list' }],
    ['oci:out', { kind: 'oci', path: 'out' }],
    ['oci:/out:1.4', { kind: 'oci', path: '/out', name: '1.4' }],
    ['oci:C:\\images\\out:1.4', { kind: 'oci', path: 'C:\\images\\out', name: '1.4' }],
    ['oci-archive:-', { kind: 'oci-archive', path: '-' }],
    ['docker-archive:/a.tar:b.io/team/api:1.4', { kind: 'docker-archive', path: '/a.tar', name: 'b.io/team/api:1.4' }],
    ['docker-archive:/a.tar@linux/arm/v7', { kind: 'docker-archive', path: '/a.tar', platforms: [armv7] }],
    ['dir:/a:b', { kind: 'dir', path: '/a:b' }],
    ['rootfs:/a', { kind: 'rootfs', path: '/a' }],
    ['rootfs:/a.tar@linux/amd64,linux/arm/v7', { kind: 'rootfs-tar', path: '/a.tar', platforms: [amd64, armv7] }],
    ['rootfs:-', { kind: 'rootfs-tar', path: '-' }],
    ['rootfs-tar:/a.img', { kind: 'rootfs-tar', path: '/a.img' }],
    ['docker-daemon:', { kind: 'docker-daemon' }],
    ['docker-daemon:api:1', { kind: 'docker-daemon', name: 'api:1' }],
    ['podman:', { kind: 'podman' }],
    ['load', { kind: 'load' }],
    ['node:pi4', { kind: 'node', node: 'pi4' }],
    ['node:pi4:b.io/api:1@linux/amd64', { kind: 'node', node: 'pi4', name: 'b.io/api:1', platforms: [amd64] }],
  ])('%s is read, and written the same', (text, output) => {
    expect(parseOutput(text)).toEqual({ output });
    expect(formatOutput(output)).toBe(text);
  });

  test.each<[string, Output]>([
    ['out', { kind: 'rootfs', path: 'out' }],
    ['./me@home', { kind: 'rootfs', path: './me@home' }],
    ['-', { kind: 'rootfs-tar', path: '-' }],
    ['containers-storage:api:1', { kind: 'podman', name: 'api:1' }],
    ['type=oci,dest=a.tar', { kind: 'oci-archive', path: 'a.tar' }],
    ['type=oci', { kind: 'oci-archive', path: '-' }],
    ['type=oci,tar=false,dest=a', { kind: 'oci', path: 'a' }],
    ['type=docker', { kind: 'load' }],
    ['type=docker,dest=a.tar,name=api:1', { kind: 'docker-archive', path: 'a.tar', name: 'api:1' }],
    ['type=local,"dest=a,b"', { kind: 'rootfs', path: 'a,b' }],
    ['type=tar,dest=a', { kind: 'rootfs-tar', path: 'a' }],
    ['type=image', { kind: 'list' }],
  ])('%s has the meaning that it has elsewhere', (text, output) => {
    expect(parseOutput(text)).toEqual({ output });
  });

  test('that pushes is no output', () => {
    expect(parseOutput('type=registry')).toEqual({ push: {} });
    expect(parseOutput('type=image,push=true,name=b.io/api:1')).toEqual({ push: { destination: 'b.io/api:1' } });
  });

  test.each([
    ['', 'oci-archive:FILE'],
    ['oci-archives:a.tar', 'Did you mean oci-archive:FILE[:TAG]?'],
    ['oci:', 'Use oci:FOLDER[:TAG].'],
    ['oci:-', 'oci-archive:-'],
    ['node:', 'Use node:CONNECTION'],
    ['docker-archive:a.tar@linux/amd64,linux/arm64', 'one file for each platform'],
    ['docker-archive:a.tar:NOT VALID', 'NAME:TAG'],
    ['type=cacheonly', 'Leave it out'],
    ['type=oci,dest=a.tar,compression=zstd', 'Leave it out'],
    ['type=moby', 'type=oci, docker, local'],
    ['type=local', 'dest=FOLDER'],
  ])('%s is refused with the fix', (text, fix) => {
    expect(parseOutput(text).fix).toContain(fix);
  });

  test('keeps everything but its path when that becomes absolute', () => {
    const absolute = (path: string): string => `/home/${path}`;
    expect(withOutputPath('oci-archive:a.tar:v1@linux/amd64', absolute)).toBe('oci-archive:/home/a.tar:v1@linux/amd64');
    expect(withOutputPath('oci-archive:-', absolute)).toBe('oci-archive:-');
    expect(withOutputPath('node:pi4', absolute)).toBe('node:pi4');
  });
});

test('platforms become parts of tags and names of folders', () => {
  expect([amd64, armv7].map(platformSuffix)).toEqual(['amd64', 'armv7']);
  expect([amd64, armv7].map(platformFolder)).toEqual(['linux_amd64', 'linux_arm_v7']);
});
