export const exitCodesHeading = 'Exit codes:';

/** @texts The exit codes of all commands. */
export const exitCodes: readonly { readonly code: number; readonly meaning: string }[] = [
  { code: 0, meaning: 'done' },
  { code: 1, meaning: 'failed, completely or in part' },
  { code: 2, meaning: 'the command line is not valid' },
  { code: 130, meaning: 'interrupted by Ctrl+C, a signal or a closed pipe, or the build was cancelled' },
];
