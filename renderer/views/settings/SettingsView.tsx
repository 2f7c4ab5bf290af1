import { useState } from 'react';
import type { Settings } from '../../../shared/contract.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Copyable } from '../../parts/Copyable.tsx';
import { NumberField } from '../../parts/NumberField.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { updateSettings, useSettings } from '../../stores/settings.ts';
import { AllowedCommands } from './AllowedCommands.tsx';
import { RememberedSecrets } from './RememberedSecrets.tsx';
import { Group, Row } from './rows.tsx';
import styles from './Settings.module.css';

const themes = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;

const doors = { desktop: 'desktop app', browser: 'browser window', terminal: 'terminal' } as const;

export function SettingsView() {
  const { settings, info } = useSettings();
  const [problem, setProblem] = useState<Problem>();

  function change(patch: Partial<Settings>): void {
    setProblem(undefined);
    updateSettings(patch).catch((error: unknown) => setProblem(problemOf(error)));
  }

  return (
    <Page title="Settings" layout="column">
      {problem && (
        <div className={styles.group}>
          <ProblemNote problem={problem} />
        </div>
      )}
      <Group title="Appearance">
        <Row title="Theme" hint="System follows the setting of this computer.">
          <Segmented label="Theme" value={settings.theme} options={themes} onChange={(theme) => change({ theme })} />
        </Row>
      </Group>
      <Group title="Builds">
        <Row
          title="Jobs per node"
          hint="How many platforms one node builds at the same time. The others wait for a slot."
        >
          <NumberField
            label="Jobs per node"
            hideLabel
            value={settings.jobsPerNode}
            min={1}
            max={32}
            onCommit={(jobsPerNode) => change({ jobsPerNode })}
          />
        </Row>
        <Row title="Builds to keep" hint="Older ones leave the history with their logs. Images stay.">
          <NumberField
            label="Builds to keep"
            hideLabel
            value={settings.keepBuilds}
            min={1}
            max={100_000}
            step={100}
            onCommit={(keepBuilds) => change({ keepBuilds })}
          />
        </Row>
      </Group>
      <RememberedSecrets />
      <AllowedCommands />
      {info && (
        <Group title="About">
          <Row title="Data folder" hint="Connections, farms, history, logs and images.">
            <Copyable text={info.home} what="path" />
          </Row>
          <Row title="Version">
            <Copyable text={`Barnraiser ${info.version}, ${doors[info.frontEnd]}, ${info.system}`} what="version" />
          </Row>
        </Group>
      )}
    </Page>
  );
}
