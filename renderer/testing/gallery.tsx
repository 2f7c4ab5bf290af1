/** All parts in their states on one page, for screenshots only (`e2e/screens/shoot.ts parts`). Not included in builds of the app. */
import '../../shared/zod-without-eval.ts';

import '../tokens.css';
import '../base.css';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { Tooltip as TooltipBase } from '@base-ui/react/tooltip';
import { type ReactNode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { phaseSchema } from '../../shared/build.ts';
import type { Problem } from '../../shared/problem.ts';
import { Button } from '../parts/Button.tsx';
import { Checkbox } from '../parts/Checkbox.tsx';
import { Chip, PlatformChip } from '../parts/Chip.tsx';
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx';
import { Copyable } from '../parts/Copyable.tsx';
import { HealthDot, healthWord } from '../parts/HealthDot.tsx';
import { Icon, iconNames } from '../parts/Icon.tsx';
import { IconButton } from '../parts/IconButton.tsx';
import { Menu } from '../parts/Menu.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { PhaseBadge } from '../parts/PhaseBadge.tsx';
import { Popover } from '../parts/Popover.tsx';
import { ProblemNote } from '../parts/ProblemNote.tsx';
import { Meter, ProgressBar } from '../parts/ProgressBar.tsx';
import { Bytes, Duration, RelativeTime } from '../parts/Quantity.tsx';
import { Segmented } from '../parts/Segmented.tsx';
import { Select } from '../parts/Select.tsx';
import { Sparkline } from '../parts/Sparkline.tsx';
import { Waiting } from '../parts/Spinner.tsx';
import { Switch } from '../parts/Switch.tsx';
import { Table } from '../parts/Table.tsx';
import { TextField } from '../parts/TextField.tsx';
import { ToastArea } from '../parts/ToastArea.tsx';
import { toast, toastProblem } from '../stores/toasts.ts';
import styles from './gallery.module.css';

const problem: Problem = {
  code: 'engine.no-socket',
  message: 'Node pi4: no podman socket at /run/user/1000/podman/podman.sock.',
  fix: 'Start it with `systemctl --user enable --now podman.socket`, then check again.',
  detail: 'channel 3: open failed: connect failed: No such file or directory',
};

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.group}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Gallery() {
  const [text, setText] = useState('registry.example.com/team/api:1.4');
  const [number, setNumber] = useState(2);
  const [isOn, setOn] = useState(true);
  const [choice, setChoice] = useState<'missing' | 'always' | 'never'>('missing');
  const [isConfirming, setConfirming] = useState(false);
  return (
    <main className={styles.gallery}>
      <h1 className="visually-hidden">Parts</h1>
      <Group title="Button">
        <Button kind="primary" shortcut="Mod+Enter">
          Build
        </Button>
        <Button icon="push">Push…</Button>
        <Button kind="quiet" icon="refresh">
          Check again
        </Button>
        <Button kind="danger">Delete build</Button>
        <Button disabled>Disabled</Button>
        <Button busy kind="primary">
          Saving
        </Button>
        <Button size="small">Small</Button>
        <Button size="large" kind="primary">
          Create farm with 3 nodes
        </Button>
        <IconButton icon="more" label="More" />
        <IconButton icon="refresh" label="Check again" kind="secondary" />
      </Group>
      <Group title="Fields">
        <TextField className={styles.fill} label="Reference" mono value={text} onChange={setText} />
        <TextField
          className={styles.fill}
          label="Identity"
          optional
          description="A private key on this computer."
          value=""
          onChange={() => {}}
          placeholder="~/.ssh/id_ed25519"
          icon="key"
          after={<IconButton icon="folder" label="Choose a file" size="small" />}
        />
        <TextField
          className={styles.fill}
          label="Name"
          value="big amd"
          onChange={() => {}}
          error="A name cannot contain spaces. Use big-amd."
        />
        <Select
          label="Pull base images"
          value={choice}
          onChange={setChoice}
          options={[
            { value: 'missing', label: 'If missing', hint: 'Fastest; uses images that are on the node' },
            { value: 'always', label: 'Always' },
            { value: 'never', label: 'Never' },
          ]}
        />
        <NumberField label="Slots per node" value={number} onCommit={setNumber} min={1} max={32} />
      </Group>
      <Group title="Choices">
        <Checkbox label="No cache" description="Run every step, even unchanged ones." checked={isOn} onChange={setOn} />
        <Checkbox label="Some" checked={false} indeterminate onChange={() => {}} />
        <Checkbox label="Never" checked={false} disabled onChange={() => {}} />
        <div className={styles.fill}>
          <Switch label="Emulate" description="If no native node is available." checked={isOn} onChange={setOn} />
        </div>
        <Segmented
          label="Pull"
          value={choice}
          onChange={setChoice}
          options={[
            { value: 'missing', label: 'Missing' },
            { value: 'always', label: 'Always' },
            { value: 'never', label: 'Never' },
          ]}
        />
      </Group>
      <Group title="Chips">
        <PlatformChip platform="linux/amd64" kind="native" reason="native on big-amd" />
        <PlatformChip platform="linux/s390x" kind="emulated" />
        <PlatformChip platform="linux/riscv64" kind="impossible" reason="no node runs or emulates it" />
        <PlatformChip platform="linux/arm64" kind="native" chosen onToggle={() => {}} />
        <PlatformChip platform="linux/arm/v7" kind="native" chosen={false} onToggle={() => {}} />
        <PlatformChip platform="linux/ppc64le" kind="emulated" chosen onToggle={() => {}} />
        <PlatformChip platform="linux/386" kind="emulated" chosen={false} onToggle={() => {}} />
        <PlatformChip platform="linux/mips" kind="impossible" chosen={false} onToggle={() => {}} />
        <PlatformChip platform="linux/riscv64" kind="impossible" chosen onToggle={() => {}} />
        <Chip small>rootless</Chip>
        <Chip icon="star">default</Chip>
        <Chip onRemove={() => {}} removeLabel="Remove filter failed">
          failed
        </Chip>
      </Group>
      <Group title="Phases">
        {[...phaseSchema.options, 'cached' as const, 'warning' as const].map((phase) => (
          <PhaseBadge key={phase} phase={phase} />
        ))}
        <PhaseBadge filled phase="running" word="Building 1:42" />
        <PhaseBadge filled phase="done" />
        <PhaseBadge filled phase="failed" word="Failed at step 5" />
        <PhaseBadge filled phase="cancelled" />
        <PhaseBadge filled phase="cached" />
        <PhaseBadge filled phase="warning" word="2 warnings" />
        <PhaseBadge filled phase="queued" />
      </Group>
      <Group title="Progress">
        <div className={styles.fill}>
          <ProgressBar label="linux/amd64" value={9} max={10} />
        </div>
        <div className={styles.fill}>
          <ProgressBar label="linux/s390x" value={5} max={10} hatched />
        </div>
        <div className={styles.fill}>
          <ProgressBar label="linux/arm64" value={10} max={10} phase="done" />
        </div>
        <div className={styles.fill}>
          <ProgressBar label="linux/arm64" value={10} max={10} phase="done" hatched />
        </div>
        <div className={styles.fill}>
          <ProgressBar label="cached" value={10} max={10} phase="cached" />
        </div>
        <div className={styles.fill}>
          <ProgressBar label="failed" value={4} max={10} phase="failed" />
        </div>
        <div className={styles.fill}>
          <ProgressBar label="cancelled" value={4} max={10} phase="cancelled" />
        </div>
        <div className={styles.fill}>
          <ProgressBar label="unknown" value={undefined} max={1} thin />
        </div>
        <div className={styles.fill}>
          <Meter label="Load" value={40} max={100} />
        </div>
        <div className={styles.fill}>
          <Meter label="Disk" value={92} max={100} />
        </div>
        <Waiting>Checking big-amd</Waiting>
      </Group>
      <Group title="Numbers">
        <Bytes value={12_400_000} />
        <Bytes value={8_100_000} of={12_400_000} />
        <Duration ms={252_000} />
        <RelativeTime time={new Date(Date.now() - 300_000).toISOString()} />
        <Sparkline label="The last 9 builds took 3:40 to 5:10" values={[4, 5, 4.5, 6, 5, 4, 3.8, 4.2, 3.5]} />
        {(['up', 'lost', 'down', 'never-reached', 'probing', 'unknown'] as const).map((health) => (
          <span key={health} style={{ display: 'inline-flex', gap: 6, alignItems: 'center' }}>
            <HealthDot health={health} /> {healthWord(health)}
          </span>
        ))}
        <Copyable text="sha256:1f0c8a22b9d4e7" what="digest" />
        <div className={styles.fill}>
          <Copyable block text="podman run --rm registry.example.com/team/api:1.4" what="command" />
        </div>
      </Group>
      <Group title="Problem">
        <ProblemNote
          problem={problem}
          actions={
            <Button size="small" icon="refresh">
              Check again
            </Button>
          }
        />
        <ProblemNote warning problem={{ ...problem, message: '2 files look like secrets.', detail: undefined }} />
      </Group>
      <Group title="Table">
        <Table
          className={styles.fill}
          label="Nodes"
          keyOf={({ name }) => name}
          onOpen={() => {}}
          selected="pi4"
          rows={[
            { name: 'big-amd', durationMs: 100_000 },
            { name: 'pi4', durationMs: 252_000 },
          ]}
          columns={[
            { id: 'name', title: 'Node', cell: ({ name }) => name },
            { id: 'duration', title: 'Duration', align: 'end', cell: ({ durationMs }) => <Duration ms={durationMs} /> },
          ]}
        />
      </Group>
      <Group title="Overlays">
        <Menu
          trigger={<IconButton icon="more" label="More about api:1.4" kind="secondary" />}
          items={[
            { label: 'Rebuild', icon: 'refresh', shortcut: 'Mod+R', run: () => {} },
            { label: 'Compare with…', icon: 'compare', hint: 'The previous build', run: () => {} },
            { label: 'Export…', icon: 'download', disabled: true, run: () => {} },
            'separator',
            { label: 'Delete build…', icon: 'trash', danger: true, run: () => setConfirming(true) },
          ]}
        />
        <Popover trigger={<Button>Why pi4?</Button>} title="linux/arm64">
          It builds arm64 natively and built this project last.
        </Popover>
        <Button onClick={() => setConfirming(true)}>Delete…</Button>
        <Button
          onClick={() => {
            toast({
              title: 'Removed pi4 from home',
              kind: 'done',
              action: { label: 'Undo', run: () => toast({ title: 'Added pi4 to home' }) },
            });
            toastProblem(new Error('nothing was found'));
            toast({ title: 'Built 3 platforms in 4:12', description: 'registry.example.com/team/api:1.4' });
          }}
        >
          Toast
        </Button>
        <ConfirmDialog
          open={isConfirming}
          onClose={() => setConfirming(false)}
          title="Delete build api:1.4?"
          description="It will be removed from the history. Its image stays in local storage."
          losses={['Its 3 logs, 4.1 MB', 'Its durations in the trend of api']}
          action="Delete build"
          onConfirm={() => {}}
        />
      </Group>
      <Group title="Icon">
        {iconNames.map((name) => (
          <span key={name} className={styles.tile} title={name}>
            <Icon name={name} />
          </span>
        ))}
      </Group>
    </main>
  );
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <CSPProvider disableStyleElements>
      <TooltipBase.Provider>
        <Gallery />
        <ToastArea />
      </TooltipBase.Provider>
    </CSPProvider>,
  );
}
