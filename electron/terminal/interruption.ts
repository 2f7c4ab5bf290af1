/**
 * Aborts when the person interrupts, so that what runs can be stopped in order; and when nobody reads on, as in
 * `barnraiser logs BUILD | head`. A second signal ends the process at once: whoever presses Ctrl+C twice does not want to wait.
 */
export function interruption(): AbortSignal {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) {
        process.exit(130);
      }
      abort.abort();
    });
  }
  process.stdout.on('error', () => abort.abort());
  // without it there is nowhere to say so
  process.stderr.on('error', () => undefined);
  return abort.signal;
}
