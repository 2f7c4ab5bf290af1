import { createContext, type ReactNode, useContext, useRef, useState } from 'react';

interface Leave {
  readonly isLeaving: boolean;
  /** Called by the dialog that leaves once its motion is over. */
  readonly onGone?: () => void;
}

const staying: Leave = { isLeaving: false };
const LeaveContext = createContext(staying);

/**
 * Around one sheet or dialog that is open for as long as it is drawn, `{sheet && <PushSheet />}`: keeps drawing the last one
 * after it is taken away, until its motion out is over.
 */
export function Presence({ children }: { children: ReactNode }) {
  const isThere = children !== undefined && children !== null && children !== false;
  const last = useRef(children);
  const isLeaving = useRef(false);
  // what comes while the last one still leaves is another one, and starts anew
  const generation = useRef(0);
  const [isGone, setGone] = useState(!isThere);
  if (isThere) {
    last.current = children;
    generation.current += Number(isLeaving.current);
    if (isGone) {
      setGone(false);
    }
  }
  isLeaving.current = !isThere && !isGone;
  return isThere || isLeaving.current ? (
    <LeaveContext key={generation.current} value={isThere ? staying : { isLeaving: true, onGone: () => setGone(true) }}>
      {last.current}
    </LeaveContext>
  ) : null;
}

/** For what leaves with a motion. What it draws inside itself is not to take part: it stands in a {@link Staying}. */
export function useLeave(): Leave {
  return useContext(LeaveContext);
}

export function Staying({ children }: { children: ReactNode }) {
  return <LeaveContext value={staying}>{children}</LeaveContext>;
}
