/** One failure of a build, told once although it hit several platforms. */
import type { Job } from './build.ts';
import type { Platform } from './platform.ts';
import type { Problem } from './problem.ts';
import { failedStepOf } from './step.ts';

/** Jobs with the same failure: in the same step, with the same message apart from platforms and nodes. */
export interface FailureGroup {
  /** Stable for the same failure of the same build. */
  readonly key: string;
  /** In the order of the build's jobs. */
  readonly platforms: readonly Platform[];
  /** The problem of the first of them. */
  readonly problem: Problem;
  /** The line of the Containerfile whose step failed, counted from 1. */
  readonly line: number | undefined;
}

type FailedJob = Pick<Job, 'platform' | 'node' | 'steps' | 'problem'>;

/** Groups the failed jobs of a build by what went wrong, in the order in which the groups first appear. */
export function groupFailures(jobs: readonly FailedJob[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const job of jobs) {
    const { platform, problem } = job;
    if (problem && problem.code !== 'build.cancelled') {
      const key = failureKey(job, problem);
      const group = groups.get(key);
      const line = problem.source?.firstLine ?? failedStepOf(job)?.line;
      groups.set(
        key,
        group ? { ...group, platforms: [...group.platforms, platform] } : { key, platforms: [platform], problem, line },
      );
    }
  }
  return [...groups.values()];
}

function failureKey(job: FailedJob, { code, message }: Problem): string {
  const step = failedStepOf(job);
  return JSON.stringify([code, step?.line ?? step?.id ?? '', withoutPlatform(message, job)]);
}

/** A message without the words that differ between platforms: the platform, its parts, and the node. */
function withoutPlatform(message: string, { platform, node }: FailedJob): string {
  const [, architecture = '', variant = ''] = platform.split('/');
  const words = [node, platform, `${architecture}${variant}`, architecture, ...(machineNames[architecture] ?? [])];
  // Longer words first: `arm` is a part of `arm64`.
  const sorted = [...new Set(words)].filter((word) => word !== '').sort((a, b) => b.length - a.length);
  return sorted.reduce((text, word) => replaceWord(text, word), message);
}

/** What compilers and kernels call an architecture. */
const machineNames: Readonly<Record<string, readonly string[]>> = {
  amd64: ['x86_64', 'x86-64'],
  386: ['i386', 'i686'],
  arm64: ['aarch64'],
  arm: ['armv5l', 'armv6l', 'armv7l', 'armhf'],
};

/** Replaces a word wherever it is not a part of a longer one. */
function replaceWord(text: string, word: string): string {
  const isWordPart = (char: string | undefined): boolean => char !== undefined && /[\w-]/.test(char);
  let result = '';
  let from = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, from)) {
    const end = at + word.length;
    const isWhole = !isWordPart(text[at - 1]) && !isWordPart(text[end]);
    result += text.slice(from, at) + (isWhole ? '*' : word);
    from = end;
  }
  return result + text.slice(from);
}
