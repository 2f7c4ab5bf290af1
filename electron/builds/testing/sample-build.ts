import type { Build, Job } from '../../../shared/build.ts';
import { platform } from '../../images/testing/sample-image.ts';

export const arm64 = platform('linux/arm64');

const assignment = { platform: arm64, node: 'pi4', mode: 'native', reason: 'only native node' } as const;

/** A job of {@link sampleBuild}. */
export function sampleJob(change: Partial<Job> = {}): Job {
  return { ...assignment, status: 'building', steps: [], bytesSent: 0, bytesReceived: 0, lost: [], ...change };
}

/** A build of one platform. */
export function sampleBuild(id: string, status: Build['status'], change: Partial<Build> = {}): Build {
  const request = { context: '/src', reference: 'api:1', pins: {}, emulate: true, buildArgs: {}, labels: {} };
  return {
    id,
    status,
    reference: 'api:1',
    request: { ...request, noCache: false, pull: 'missing', retention: 'cache' },
    schedule: { assignments: [assignment], unassigned: [], leftOut: [] },
    jobs: [sampleJob()],
    createdAt: '2026-01-02T03:04:05.000Z',
    ...change,
  };
}
