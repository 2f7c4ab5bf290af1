import { useEffect, useState } from 'react';
import type { Node } from '../../shared/node.ts';

export interface LimitTexts {
  /** What a node cannot do, each as a sentence. */
  readonly limits: readonly string[];
  /** The options that it does not support. */
  readonly unsupported?: string | undefined;
}

/** Empty until the table of build options is loaded, which the first view does without. */
export function useLimitTexts(node: Node): LimitTexts {
  const [texts, setTexts] = useState<LimitTexts>({ limits: [] });
  useEffect(() => {
    let isCurrent = true;
    void import('../../shared/option-support.ts').then(({ limitTexts, unsupportedText }) => {
      if (isCurrent) {
        setTexts({ limits: limitTexts(node), unsupported: unsupportedText(node) });
      }
    });
    return () => {
      isCurrent = false;
    };
  }, [node]);
  return texts;
}
