import { useEffect, useState } from 'react';
import type { ProblemCode } from '../../shared/failure.ts';
import type { Command } from '../commands.ts';
import { explainProblem } from '../stores/explained-problem.ts';

let entries: readonly Command[] = [];

/** The pages of problems. They are loaded when the palette is open, and found a moment later. */
export function useProblemEntries(): readonly Command[] {
  const [loaded, setLoaded] = useState(entries);
  useEffect(() => {
    if (entries.length === 0) {
      // without them, the palette finds everything else
      void load().then(setLoaded, () => undefined);
    }
  }, []);
  return loaded;
}

async function load(): Promise<readonly Command[]> {
  const { problemTexts } = await import('../../shared/problems/texts.ts');
  entries = (Object.keys(problemTexts) as ProblemCode[]).map((code) => ({
    id: `problem:${code}`,
    label: problemTexts[code].title,
    group: 'problems',
    icon: 'warning',
    hint: code,
    keywords: ['problem', 'error', 'explain', 'help', code, ...code.split(/[.-]/)],
    run: () => explainProblem(code),
  }));
  return entries;
}
