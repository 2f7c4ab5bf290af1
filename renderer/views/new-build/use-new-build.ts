import { useEffect, useMemo, useState } from 'react';
import { isReadable } from '../../../shared/build-entry.ts';
import { contextName } from '../../../shared/git-url.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { suggestReferences } from '../../../shared/suggested-references.ts';
import { optionLabel } from '../../parts/option-words.ts';
import { startWatch } from '../../stores/automation.ts';
import { findBuilds, loadBuild, startBuild, useBuilds } from '../../stores/builds.ts';
import { useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';
import { navigate, type Sheet as SheetRoute } from '../../stores/navigation.ts';
import { useFarmNodes } from '../farm/use-farm-nodes.ts';
import { checkDestination } from '../push/destination.ts';
import {
  applyAction,
  type BuildDraft,
  emptyDraft,
  moreProblem,
  toBuildRequest,
  toDraft,
  toProjectRequest,
} from './draft.ts';
import { ignoreWithUndo } from './ignore-with-undo.ts';
import { invalidOptions } from './options/option-draft.ts';
import { effectivePush, rememberPush } from './push-memory.ts';
import { reasonNotReady, reasonWithoutNodes } from './readiness.ts';
import { referenceError } from './reference.ts';
import { useFindings } from './use-findings.ts';
import { usePreview } from './use-preview.ts';
import { useProject } from './use-project.ts';

/** The fields of the route of a new build. */
export type NewBuildStart = Omit<Extract<SheetRoute, { sheet: 'new-build' }>, 'sheet'>;

function initialDraft({ farm, context, from, platforms, apply }: NewBuildStart): BuildDraft {
  const request = from === undefined ? undefined : useBuilds.getState().byId[from]?.request;
  const draft = request ? toDraft(request) : emptyDraft;
  const given = {
    ...draft,
    ...(farm === undefined ? {} : { farm, connections: undefined }),
    ...(context === undefined ? {} : { context }),
    ...(platforms === undefined ? {} : { platforms }),
  };
  return applyAction(given, apply);
}

/** The state of a new build: the draft, everything that follows from it, and the function that starts the build. */
export function useNewBuild(start: NewBuildStart) {
  const [draft, setDraft] = useState(() => initialDraft(start));
  const [isTouched, setIsTouched] = useState(false);
  /** Platforms that stay in the list even if no node supports them and they are not selected. */
  const [requestedPlatforms, setRequestedPlatforms] = useState<readonly Platform[]>(
    start.platforms ?? draft.platforms ?? [],
  );
  const [isStarting, setIsStarting] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  function change(values: Partial<BuildDraft> | ((before: BuildDraft) => Partial<BuildDraft>)): void {
    setIsTouched(true);
    setProblem(undefined);
    setDraft((before) => ({ ...before, ...(typeof values === 'function' ? values(before) : values) }));
  }
  /** Resets everything that belongs to the previous project, but keeps the nodes and the platforms. */
  function changeProject(context: string): void {
    change(
      context === draft.context
        ? {}
        : { ...emptyDraft, farm: draft.farm, connections: draft.connections, platforms: draft.platforms, context },
    );
  }

  const farms = useFarms((state) => state.farms);
  const defaultFarm = useFarms((state) => state.default);
  const connections = useConnections((state) => state.connections);
  const farmName = draft.connections ? undefined : (draft.farm ?? defaultFarm);
  const members = useMemo(
    () =>
      draft.connections ??
      farms.find(({ name }) => name === farmName)?.connections ??
      connections.map(({ name }) => name),
    [draft.connections, farms, farmName, connections],
  );
  const nodes = useFarmNodes(members);

  const { context } = draft;
  const inspected = useProject(draft);
  const { project } = inspected;
  const order = useBuilds((builds) => builds.order);
  const folder = project?.context ?? context;
  const [older, setOlder] = useState<readonly string[]>([]);
  useEffect(() => {
    const { next } = useBuilds.getState();
    if (folder === undefined || next === undefined) {
      return undefined;
    }
    const closing = new AbortController();
    // without them, only the suggestions are fewer
    findBuilds({ project: folder }, next, closing.signal).then(
      ({ ids }) => setOlder(ids),
      () => undefined,
    );
    return () => closing.abort();
  }, [folder]);
  const pastBuilds = useMemo(() => {
    const { entries } = useBuilds.getState();
    const contexts = new Set([context, folder]);
    return [...new Set([...order, ...older])].flatMap((id) => {
      const build = entries[id];
      return build && isReadable(build) && contexts.has(build.project) ? [build] : [];
    });
  }, [order, older, context, folder]);
  const suggestions = useMemo(
    () => suggestReferences(pastBuilds, project?.name ?? contextName(context ?? '')),
    [pastBuilds, project?.name, context],
  );
  const reference = draft.reference ?? suggestions.first;

  const native = nodes.coverage.filter(({ isDefault }) => isDefault).map(({ platform }) => platform);
  const selected = draft.platforms ?? native;
  const covered = nodes.coverage.map(({ platform }) => platform);
  const offered = [...new Set([...covered, ...requestedPlatforms, ...selected])];
  function addPlatforms(platforms: readonly Platform[]): void {
    setRequestedPlatforms((before) => [...before, ...platforms]);
    change({ platforms: [...selected, ...platforms] });
  }
  /** Deselects platforms. Those that no node supports leave the list. */
  function skipPlatforms(skipped: readonly Platform[]): void {
    const isKept = (platform: Platform): boolean => !skipped.includes(platform);
    setRequestedPlatforms((before) => before.filter(isKept));
    change({ platforms: selected.filter(isKept) });
  }
  /** Copies the settings of the last build of the project, except for the reference. */
  async function applyLastSettings(): Promise<void> {
    const [last] = pastBuilds;
    const build = last && (useBuilds.getState().byId[last.id] ?? (await loadBuild(last.id)));
    if (build) {
      const settings = toDraft(build.request);
      setRequestedPlatforms(settings.platforms ?? []);
      change({ ...settings, context, reference: draft.reference });
    }
  }

  const push = effectivePush(reference, draft.push);
  const request = context === undefined ? undefined : toBuildRequest(draft, context, reference, selected, push);
  const projectState = { ...inspected, project: useFindings(project, request) };
  const isNothingSelected = draft.platforms !== undefined && selected.length === 0;
  const preview = usePreview(
    project && !projectState.problem && members.length > 0 && !isNothingSelected ? request : undefined,
  );
  const hasAssigned = (preview.schedule?.assignments.length ?? 0) > 0;
  const unassigned = (preview.schedule?.unassigned ?? []).filter(
    ({ platform }) => selected.includes(platform) && !(hasAssigned && draft.optionalPlatforms.includes(platform)),
  );
  const notReady = reasonNotReady({
    hasProject: project !== undefined && !projectState.problem,
    hasErrors: (projectState.project?.errors.length ?? 0) > 0,
    referenceError: referenceError(reference),
    lacksDestination:
      push.isOn && (checkDestination(push.destination).kind === 'invalid' || moreProblem(push) !== undefined),
    nothingToBuildOn: preview.isLoading ? undefined : reasonWithoutNodes(preview, members.length, farmName),
    hasPlatforms: selected.length > 0 || (nodes.coverage.length === 0 && !isNothingSelected),
    isChecking: preview.isLoading,
    // ignored while the preview is loading, because the schedule may still change
    unassigned: preview.isLoading ? [] : unassigned.map(({ platform }) => platform),
    invalidOptions: invalidOptions(draft).map(optionLabel),
  });

  /** Adds patterns to the ignore file of the project. A toast can undo it. */
  function ignoreFiles(patterns: readonly string[]): void {
    if (context !== undefined) {
      const { target: _, ...request } = toProjectRequest(draft, context);
      ignoreWithUndo(request, patterns, projectState.reload);
    }
  }

  /** Starts the build, or a watch that builds on every change, and opens it. Does nothing if the build is not ready. */
  async function run(how: 'once' | 'on-change' = 'once'): Promise<void> {
    if (!request || notReady !== undefined || isStarting) {
      return;
    }
    setIsStarting(true);
    setProblem(undefined);
    try {
      rememberPush(reference, push);
      const complete = { ...request, reference: reference.trim() };
      if (how === 'on-change') {
        await startWatch(complete);
        navigate({ view: 'schedules' });
      } else {
        const build = await startBuild(complete);
        navigate({ view: 'build', id: build.id });
      }
    } catch (error) {
      setProblem(problemOf(error));
      setIsStarting(false);
    }
  }

  return {
    draft,
    change,
    changeProject,
    isTouched,
    farmName,
    members,
    nodes,
    projectState,
    pastBuilds,
    applyLastSettings,
    reference,
    push,
    suggestions,
    selected,
    offered,
    addPlatforms,
    skipPlatforms,
    request,
    preview,
    notReady,
    run,
    ignoreFiles,
    isStarting,
    problem,
  };
}
