import { createContext, type ReactNode, useContext, useRef, useState } from 'react';

interface Exit {
  readonly isExiting: boolean;
  /** Called by the dialog or sheet when its exit animation has ended. */
  readonly onExited?: () => void;
}

const noExit: Exit = { isExiting: false };
const ExitContext = createContext(noExit);

/**
 * Wraps a sheet or dialog that is rendered while it is open, as in `{sheet && <PushSheet />}`. Keeps rendering it after it is
 * removed, until its exit animation has ended.
 */
export function Presence({ children }: { children: ReactNode }) {
  const isPresent = children !== undefined && children !== null && children !== false;
  const last = useRef(children);
  const isExiting = useRef(false);
  // children that appear during an exit animation are new ones and must not keep the old state
  const generation = useRef(0);
  const [hasExited, setExited] = useState(!isPresent);
  if (isPresent) {
    last.current = children;
    generation.current += Number(isExiting.current);
    if (hasExited) {
      setExited(false);
    }
  }
  isExiting.current = !isPresent && !hasExited;
  return isPresent || isExiting.current ? (
    <ExitContext
      key={generation.current}
      value={isPresent ? noExit : { isExiting: true, onExited: () => setExited(true) }}
    >
      {last.current}
    </ExitContext>
  ) : null;
}

/** The exit state of the nearest {@link Presence}. A component that uses it wraps its children in {@link IgnoreExit}. */
export function useExit(): Exit {
  return useContext(ExitContext);
}

/** Children that must not animate out together with their parent. */
export function IgnoreExit({ children }: { children: ReactNode }) {
  return <ExitContext value={noExit}>{children}</ExitContext>;
}
