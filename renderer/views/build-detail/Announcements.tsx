import { useEffect, useRef, useState } from 'react';
import { type Build, isEnd } from '../../../shared/build.ts';
import { wordOf } from '../../parts/PhaseBadge.tsx';

/** Says the ends of platforms, and nodes that are lost, to those who cannot see them. */
export function Announcements({ build }: { build: Build }) {
  const [said, setSaid] = useState('');
  const before = useRef(build);
  useEffect(() => {
    const old = before.current;
    before.current = build;
    const news = build.jobs.flatMap((job) => {
      const was = old.jobs.find(({ platform }) => platform === job.platform);
      if (!was || was === job) {
        return [];
      }
      if (job.lost.length > was.lost.length) {
        return `${job.platform}: ${job.lost.at(-1)?.node} was lost, ${job.node} takes over.`;
      }
      return was.status !== job.status && isEnd(job.status) ? `${job.platform}: ${wordOf(job.status)}.` : [];
    });
    if (old.status === 'running' && build.status !== 'running') {
      news.push(`The build has ended: ${wordOf(build.status)}.`);
    }
    if (news.length > 0) {
      setSaid(news.join(' '));
    }
  }, [build]);
  return <output className="visually-hidden">{said}</output>;
}
