/**
 * The arguments of a command that the launcher of the packages (`build-resources/barnraiser.sh`) has started the app for, to run it in a
 * terminal. They follow `--`, so that Chromium does not take them for its own. Undefined: the window is opened.
 */
export function commandArguments(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] | undefined {
  if (env.BARNRAISER_FRONT_END !== 'terminal') {
    return undefined;
  }
  const start = argv.indexOf('--');
  return start < 0 ? [] : argv.slice(start + 1);
}
