import { useEffect, useRef, useState } from 'react';
import { type Build, isEnd } from '../../../shared/build.ts';
import { phaseWord } from '../../parts/PhaseBadge.tsx';
import { lossText } from './job-state.ts';

/** Announces to screen readers when a platform ends, when a node is lost and when the build ends. */
export function Announcements({ build }: { build: Build }) {
  const [text, setText] = useState('');
  const previousBuild = useRef(build);
  useEffect(() => {
    const previous = previousBuild.current;
    previousBuild.current = build;
    const sentences = build.jobs.flatMap((job) => {
      const previousJob = previous.jobs.find(({ platform }) => platform === job.platform);
      if (!previousJob || previousJob === job) {
        return [];
      }
      const loss = job.lost.at(-1);
      if (loss && job.lost.length > previousJob.lost.length) {
        return `${job.platform}: ${lossText(loss)}; ${job.node} takes over.`;
      }
      if (job.second?.state === 'running' && !previousJob.second) {
        return `${job.platform}: also started on ${job.second.node}.`;
      }
      return previousJob.status !== job.status && isEnd(job.status) ? `${job.platform}: ${phaseWord(job.status)}.` : [];
    });
    if (previous.status === 'running' && build.status !== 'running') {
      sentences.push(`Build ended: ${phaseWord(build.status)}.`);
    }
    if (sentences.length > 0) {
      setText(sentences.join(' '));
    }
  }, [build]);
  return <output className="visually-hidden">{text}</output>;
}
