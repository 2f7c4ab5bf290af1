import { useEffect, useRef, useState } from 'react';

export interface SpokenProgressProps {
  /** What makes progress: `Push of api:1.4`. */
  readonly what: string;
  /** How much is done, from 0 to 1. Undefined if it is not known. */
  readonly share: number | undefined;
  /** Its end: `Pushed`. Undefined while it runs. */
  readonly end: string | undefined;
}

/** Says each quarter of a progress and its end to screen readers, and nothing of one that had ended before. */
export function SpokenProgress({ what, share, end }: SpokenProgressProps) {
  const [text, setText] = useState('');
  const quarter = Math.floor(Math.min(1, share ?? 0) * 4);
  const before = useRef({ quarter, end });
  useEffect(() => {
    const { quarter: said, end: lastEnd } = before.current;
    before.current = { quarter, end };
    if (end !== lastEnd && end !== undefined) {
      setText(`${what}: ${end}.`);
    } else if (end === undefined && quarter > said && quarter < 4) {
      setText(`${what}: ${quarter * 25} %.`);
    }
  }, [what, quarter, end]);
  return <output className="visually-hidden">{text}</output>;
}
