import { findContainerfile, findContext } from '../context/containerfile.ts';

/**
 * Where a project really is: with real paths it is the same project however it was reached.
 * @throws Failure `context.missing`, `context.file-missing`
 */
export async function resolveProject(request: {
  readonly context: string;
  readonly file?: string | undefined;
}): Promise<{ context: string; containerfile: string }> {
  const context = await findContext(request.context);
  const { path } = await findContainerfile(context, request.file);
  return { context, containerfile: path };
}
