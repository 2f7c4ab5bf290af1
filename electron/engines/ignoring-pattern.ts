import { compilePattern } from '../context/pattern.ts';
import type { EngineBuild } from './engine.ts';

/** The pattern of the ignore file that excludes a path or a folder above it, or that is the same glob. */
export function ignoringPattern(path: string, { excludes }: Pick<EngineBuild, 'excludes'>): string | undefined {
  const folders = path.split('/').map((_, index, names) => names.slice(0, index + 1).join('/'));
  const last = excludes.findLast((pattern) => {
    const compiled = compilePattern(pattern.replace(/^!?\/?/, ''));
    return pattern === path || folders.some((folder) => compiled?.matches(folder));
  });
  return last?.startsWith('!') ? undefined : last;
}
