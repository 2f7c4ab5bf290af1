import { expect, test } from 'vitest';
import { parsePlatform } from './platform.ts';
import { cacheOfPlatform, cacheRepository, remoteCacheProblem, remoteCaches } from './remote-cache.ts';

const platform = parsePlatform('linux/arm/v7') ?? expect.fail();
const attrsOf = (text: string) => remoteCaches([text]).map((cache) => cacheOfPlatform(cache, platform).attrs);

test.each([
  ['registry.example.com/team/cache', { ref: 'registry.example.com/team/cache:linux-arm-v7' }],
  ['localhost:5000/cache:main', { ref: 'localhost:5000/cache:main-linux-arm-v7' }],
  ['type=registry,ref=example.com/c:1,mode=max', { ref: 'example.com/c:1-linux-arm-v7', mode: 'max' }],
  ['type=registry,"ref=example.com/c",compression=zstd', { ref: 'example.com/c:linux-arm-v7', compression: 'zstd' }],
  ['type=s3,region=eu,bucket=b', { region: 'eu', bucket: 'b', name: 'buildkit-linux-arm-v7' }],
  ['type=s3,bucket=b,name=api', { bucket: 'b', name: 'api-linux-arm-v7' }],
  ['type=inline', {}],
])('each platform has its own part of %s', (text, attrs) => {
  expect(remoteCacheProblem(text)).toBeUndefined();
  expect(attrsOf(text)).toEqual([attrs]);
});

test.each([
  ['localhost:5000/cache', 'localhost:5000/cache-linux-arm-v7'],
  ['example.com/team/cache:main', 'example.com/team/cache-main-linux-arm-v7'],
])('podman gets a repository without a tag for %s', (text, repository) => {
  expect(remoteCaches([text]).map((cache) => cacheRepository(cache, platform))).toEqual([repository]);
});

test.each([
  ['Team/Cache Name', 'is neither a reference'],
  ['type=registry,mode=max', 'does not name an image'],
  ['type=local,dest=/tmp/cache', 'is a cache in a folder'],
  ['type=ftp,ref=a', 'has the type "ftp", which is not supported'],
  ['type=gha,scope=a', 'has the type "gha", which is not supported'],
  ['type=s3,bucket=b,secret_access_key=x', 'has a credential (secret_access_key)'],
])('%s is refused', (text, problem) => {
  expect(remoteCacheProblem(text)?.problem).toContain(problem);
  expect(remoteCaches([text])).toEqual([]);
});
