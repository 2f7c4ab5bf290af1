import { tmpdir } from 'node:os';
import type { BuildRequest } from '../../../shared/build.ts';
import type { Project } from '../../../shared/project.ts';
import { testSources } from '../../sources/testing/test-sources.ts';
import type { ProjectRequest } from '../open-project.ts';
import { inspectProject } from '../project.ts';

/** Inspects a project in a folder. */
export function inspect(request: ProjectRequest & Pick<BuildRequest, 'target' | 'format'>): Promise<Project> {
  return inspectProject(request, testSources(tmpdir()), new AbortController().signal);
}
