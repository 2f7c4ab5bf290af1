import { formatAgo, formatReferenceShort } from '../../shared/format.ts';
import type { Command } from '../commands.ts';
import { phaseWord } from '../parts/PhaseBadge.tsx';
import { useBuilds } from '../stores/builds.ts';
import { runCheck } from '../stores/checks.ts';
import { useConnections } from '../stores/connections.ts';
import { useFarms } from '../stores/farms.ts';
import { askToFreeDisk } from '../stores/free-disk.ts';
import { useImages } from '../stores/images.ts';
import { navigate, openSheet } from '../stores/navigation.ts';
import { holdNode, resumeNode, useQueue } from '../stores/queue.ts';
import { recentProjects } from '../views/farm/recent-projects.ts';

/** How many projects, images and builds the palette lists. Older ones are in their views. */
const maxProjects = 12;
const maxPerKind = 40;

/** What can be done with everything that the app has now: projects, farms, builds, images, nodes. */
export function listPaletteEntries(now = new Date()): readonly Command[] {
  return [...projectEntries(), ...farmEntries(), ...buildEntries(now), ...imageEntries(), ...nodeEntries()];
}

/** `Build api on home…`: recent projects, on the farm of their last build if it still exists. */
function projectEntries(): readonly Command[] {
  const { order, entries } = useBuilds.getState();
  const { farms, default: defaultFarm } = useFarms.getState();
  const recent = recentProjects(
    order.flatMap((id) => entries[id] ?? []),
    maxProjects,
  );
  return recent.map(({ context, name, last }) => {
    const farm = farms.some((each) => each.name === last.farm) ? last.farm : (defaultFarm ?? farms[0]?.name);
    return {
      id: `build:project:${context}`,
      label: farm === undefined ? `Build ${name}…` : `Build ${name} on ${farm}…`,
      group: 'build',
      icon: 'package',
      hint: context,
      keywords: ['farm', 'project', 'rebuild', context],
      run: () => openSheet({ sheet: 'new-build', context, ...(farm === undefined ? {} : { farm }) }),
    };
  });
}

function farmEntries(): readonly Command[] {
  return useFarms.getState().farms.flatMap(({ name, connections }): Command[] => [
    {
      id: `build:on:${name}`,
      label: `New build on ${name}…`,
      group: 'build',
      icon: 'plus',
      keywords: ['farm'],
      run: () => openSheet({ sheet: 'new-build', farm: name }),
    },
    {
      id: `go:farm:${name}`,
      label: `Farm ${name}`,
      group: 'go',
      icon: 'farm',
      run: () => navigate({ view: 'farm', name }),
    },
    ...(connections.length > 1
      ? [
          {
            id: `farm:free-disk:${name}`,
            label: `Free disk space on all nodes of ${name}…`,
            group: 'nodes' as const,
            icon: 'disk' as const,
            keywords: ['prune', 'clean', 'farm'],
            run: () => askToFreeDisk(connections),
          },
        ]
      : []),
  ]);
}

/** `Open build api:0.2 (Done, 5 min ago)`. */
function buildEntries(now: Date): readonly Command[] {
  const { order, entries } = useBuilds.getState();
  return order.slice(0, maxPerKind).flatMap((id): Command[] => {
    const build = entries[id];
    if (!build) {
      return [];
    }
    const name = build.reference === '' ? id : formatReferenceShort(build.reference);
    const state = build.status === 'unreadable' ? 'Unreadable' : phaseWord(build.status);
    return [
      {
        id: `go:build:${id}`,
        label: `Open build ${name} (${state}, ${formatAgo(new Date(build.createdAt), now)})`,
        group: 'builds',
        icon: 'builds',
        keywords: [id, build.reference],
        run: () => navigate({ view: 'build', id }),
      },
    ];
  });
}

function imageEntries(): readonly Command[] {
  const images = useImages
    .getState()
    .lists.slice(0, maxPerKind)
    .flatMap(({ reference }): Command[] => [
      {
        id: `push:${reference}`,
        label: `Push ${reference}…`,
        group: 'images',
        icon: 'push',
        keywords: ['upload', 'publish'],
        run: () => openSheet({ sheet: 'push', reference }),
      },
      {
        id: `go:image:${reference}`,
        label: `Image ${reference}`,
        group: 'images',
        icon: 'images',
        run: () => navigate({ view: 'images', reference }),
      },
    ]);
  return [
    {
      id: 'pull',
      label: 'Pull image…',
      group: 'images',
      icon: 'download',
      keywords: ['download', 'registry', 'fetch'],
      run: () => openSheet({ sheet: 'copy' }),
    },
    {
      id: 'compare',
      label: 'Compare two images…',
      group: 'images',
      icon: 'compare',
      keywords: ['difference', 'changes'],
      run: () => navigate({ view: 'compare' }),
    },
    {
      id: 'copy',
      label: 'Copy image between registries…',
      group: 'images',
      icon: 'push',
      keywords: ['mirror', 'promote'],
      run: () => openSheet({ sheet: 'copy', to: 'registry' }),
    },
    {
      id: 'list',
      label: 'Change manifest list…',
      group: 'images',
      icon: 'edit',
      keywords: ['registry', 'platform', 'annotate', 'remove', 'merge'],
      run: () => openSheet({ sheet: 'list' }),
    },
    ...images,
  ];
}

function nodeEntries(): readonly Command[] {
  return useConnections.getState().connections.flatMap(({ name, uri }): Command[] => [
    {
      id: `node:check:${name}`,
      label: `Check ${name}`,
      group: 'nodes',
      icon: 'refresh',
      keywords: ['test', 'probe', 'diagnose', 'connection', 'node'],
      run: () => {
        navigate({ view: 'connections', name });
        void runCheck(name);
      },
    },
    {
      id: `go:connection:${name}`,
      label: `Connection ${name}`,
      group: 'nodes',
      icon: 'connections',
      keywords: ['node', uri],
      run: () => navigate({ view: 'connections', name }),
    },
    {
      id: `node:free-disk:${name}`,
      label: `Free disk space on ${name}…`,
      group: 'nodes',
      icon: 'disk',
      keywords: ['prune', 'clean', 'node'],
      run: () => askToFreeDisk([name]),
    },
    ...holdEntries(name),
  ]);
}

function holdEntries(name: string): readonly Command[] {
  const hold = useQueue.getState().holds[name];
  const keywords = ['node', 'queue', 'jobs', 'hold', 'maintenance'];
  return hold
    ? [
        {
          id: `node:resume:${name}`,
          label: `Resume ${name}`,
          group: 'nodes',
          icon: 'play',
          keywords,
          run: () => resumeNode(name),
        },
      ]
    : [
        {
          id: `node:pause:${name}`,
          label: `Pause ${name}`,
          group: 'nodes',
          icon: 'pause',
          keywords,
          danger: true,
          run: () => holdNode(name, 'paused'),
        },
        {
          id: `node:drain:${name}`,
          label: `Drain ${name}`,
          group: 'nodes',
          icon: 'down',
          keywords,
          danger: true,
          run: () => holdNode(name, 'draining'),
        },
      ];
}
