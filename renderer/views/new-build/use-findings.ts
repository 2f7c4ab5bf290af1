import { useEffect, useState } from 'react';
import type { CallInput, CallOutput } from '../../../shared/contract.ts';
import type { Project } from '../../../shared/project.ts';
import { call } from '../../api.ts';
import { useSettings } from '../../stores/settings.ts';

/** How long the request must be unchanged before it is sent, in milliseconds. */
const debounceMs = 300;

/**
 * A project with what is found in its Containerfile for the build that is asked for: its build arguments and platforms, and what
 * registries say of the base images. Until that is known, and if it cannot be found out, the project as it was given.
 */
export function useFindings(
  project: Project | undefined,
  request: CallInput<'builds.start'> | undefined,
): Project | undefined {
  const [found, setFound] = useState<{ readonly key: string; readonly findings: CallOutput<'projects.lint'> }>();
  const checkBases = useSettings(({ settings }) => settings.asksAboutBases ?? true);
  const key = request && project && JSON.stringify({ ...toLintRequest(request), checkBases });

  // biome-ignore lint/correctness/useExhaustiveDependencies: a project that was read again has changed files
  useEffect(() => {
    if (key === undefined) {
      return undefined;
    }
    const superseded = new AbortController();
    const { signal } = superseded;
    const timer = setTimeout(() => {
      call('projects.lint', JSON.parse(key), { signal }).then(
        (findings) => {
          if (!signal.aborted) {
            setFound({ key, findings });
          }
        },
        () => undefined, // what was found without it stays
      );
    }, debounceMs);
    return () => {
      superseded.abort();
      clearTimeout(timer);
    };
  }, [key, project]);

  if (!project || !found || found.key !== key) {
    return project;
  }
  const { warnings, errors } = found.findings;
  return { ...project, warnings: [...project.warnings.filter(({ rule }) => rule === undefined), ...warnings], errors };
}

function toLintRequest(request: CallInput<'builds.start'>): CallInput<'projects.lint'> {
  const { context, file, files, filesFor, sources, containerfile, contexts, target, buildArgs, platforms } = request;
  return {
    ...{ context, file, files, filesFor, sources, containerfile, contexts, target, platforms },
    buildArgs: buildArgs ?? {},
  };
}
