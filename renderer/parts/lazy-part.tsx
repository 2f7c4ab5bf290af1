import { type ComponentType, type ReactNode, useEffect, useReducer, useRef, useState } from 'react';
import { Failure } from '../../shared/problem.ts';
import { toastProblem } from '../stores/toasts.ts';
import { Waiting } from './Spinner.tsx';

/** Code that is loaded when it is needed, so that the window starts with less. */
export interface LazyCode {
  /** Loads the code, if that has not happened yet. @throws Failure */
  load(): Promise<void>;
  isLoaded(): boolean;
}

/** Code could not be loaded. Browsers do not try it again until the page is reloaded. */
export class NotLoaded extends Failure {
  constructor(error: unknown) {
    super({
      code: 'bug',
      message: 'A part of the window could not be loaded.',
      fix: 'Reload the window. If that does not help, start Barnraiser again.',
      detail: String(error),
    });
  }
}

/** A component whose code is loaded when it is first rendered. */
export interface LazyPart<P> extends LazyCode {
  (props: P): ReactNode;
}

/**
 * Declares a component that is loaded when it is needed. React's `lazy` would keep it hidden for up to 300 ms after it is loaded,
 * as it does with whatever has shown a fallback.
 */
export function lazyPart<P extends object>(importPart: () => Promise<ComponentType<P>>): LazyPart<P> {
  let Loaded: ComponentType<P> | undefined;
  let loading: Promise<void> | undefined;

  async function load(): Promise<void> {
    loading ??= importPart().then(
      (part) => {
        Loaded = part;
      },
      (error: unknown) => {
        throw new NotLoaded(error);
      },
    );
    await loading;
  }

  function Part(props: P) {
    const [failure, setFailure] = useState<unknown>();
    const [, render] = useReducer((count: number) => count + 1, 0);
    useEffect(() => {
      if (!Loaded) {
        load().then(render, setFailure);
      }
    }, []);
    if (failure !== undefined) {
      throw failure;
    }
    return Loaded ? <Loaded {...props} /> : <Waiting>Loading</Waiting>;
  }

  return Object.assign(Part, { load, isLoaded: () => Loaded !== undefined });
}

/**
 * Loads the code of what lies over the view when it is first needed.
 * @returns whether it can be rendered
 */
export function useLoaded(code: LazyCode, isNeeded: boolean): boolean {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (isNeeded && !code.isLoaded()) {
      code.load().then(render, toastProblem);
    }
  }, [code, isNeeded]);
  return code.isLoaded();
}

/** How long the value before stays, in milliseconds. Then the window says that it loads the next. */
const maxStayMs = 200;

/** @returns the last value whose code was there, so that the window does not go empty for a moment while other code is loaded */
export function useLastLoaded<T>(value: T, codeOf: (value: T) => LazyCode): T {
  const [, render] = useReducer((count: number) => count + 1, 0);
  const shown = useRef(value);
  const code = codeOf(value);
  if (code.isLoaded()) {
    shown.current = value;
  }
  useEffect(() => {
    if (code.isLoaded()) {
      return;
    }
    const show = (): void => {
      shown.current = value;
      render();
    };
    const timer = setTimeout(show, maxStayMs);
    // what cannot be loaded says so itself
    code.load().then(render, render);
    return () => clearTimeout(timer);
  }, [value, code]);
  return shown.current;
}
