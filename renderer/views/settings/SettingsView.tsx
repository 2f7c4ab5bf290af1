/** Settings: theme, builds, saved secrets and allowed commands. */

import { useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Settings } from '../../../shared/settings.ts';
import { Copyable } from '../../parts/Copyable.tsx';
import { NumberField } from '../../parts/NumberField.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { updateSettings, useSettings } from '../../stores/settings.ts';
import { AllowedCommands } from './AllowedCommands.tsx';
import { AttestationSettings } from './AttestationSettings.tsx';
import { NotificationSetting } from './NotificationSetting.tsx';
import { ReleaseSetting } from './ReleaseSetting.tsx';
import { SavedSecrets } from './SavedSecrets.tsx';
import styles from './Settings.module.css';
import { SettingsGroup, SettingsRow } from './SettingsGroup.tsx';

const themes = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;

const baseCheckOptions = [
  { value: 'off', label: 'Never' },
  { value: 'daily', label: 'Daily' },
  { value: 'weekly', label: 'Weekly' },
] as const;

const frontEnds = { desktop: 'desktop app', browser: 'browser window', terminal: 'terminal' } as const;

/** The settings view: appearance, builds, saved passwords, allowed commands, and information about the app. */
export function SettingsView() {
  const { settings, info } = useSettings();
  const [problem, setProblem] = useState<Problem>();

  function save(change: Partial<Settings>): void {
    setProblem(undefined);
    updateSettings(change).catch((error: unknown) => setProblem(problemOf(error)));
  }

  return (
    <Page title="Settings" layout="column">
      {problem && (
        <div className={styles.group}>
          <ProblemNote problem={problem} />
        </div>
      )}
      <SettingsGroup title="Window">
        <SettingsRow title="Theme" hint="System follows the setting of this computer.">
          <Segmented label="Theme" value={settings.theme} options={themes} onChange={(theme) => save({ theme })} />
        </SettingsRow>
        <NotificationSetting onFail={(error) => setProblem(problemOf(error))} />
      </SettingsGroup>
      <SettingsGroup title="Builds">
        <SettingsRow
          title="Jobs per node"
          hint="How many platforms one node builds at the same time. The others wait for a slot."
        >
          <NumberField
            label="Jobs per node"
            hideLabel
            value={settings.jobsPerNode}
            min={1}
            max={32}
            onCommit={(jobsPerNode) => save({ jobsPerNode })}
          />
        </SettingsRow>
        <SettingsRow
          title="Resume interrupted builds"
          hint="When Barnraiser starts, builds go on that were running when it was closed or crashed."
        >
          <Switch
            label="Resume interrupted builds"
            hideLabel
            checked={settings.resumeInterrupted ?? false}
            onChange={(resumeInterrupted) => save({ resumeInterrupted })}
          />
        </SettingsRow>
        <SettingsRow
          title="Start slow jobs a second time"
          hint="A job that takes more than twice as long as estimated is also started on an idle node. The first image is taken."
        >
          <Switch
            label="Start slow jobs a second time"
            hideLabel
            checked={settings.startsSlowJobsTwice ?? false}
            onChange={(startsSlowJobsTwice) => save({ startsSlowJobsTwice })}
          />
        </SettingsRow>
        <SettingsRow
          title="Look for newer base images"
          hint="Registries are asked for the base images of your newest builds, with saved logins. You get a notification if there is a newer one."
        >
          <Segmented
            label="Look for newer base images"
            value={settings.baseChecks ?? 'off'}
            options={baseCheckOptions}
            onChange={(baseChecks) => save({ baseChecks })}
          />
        </SettingsRow>
        <SettingsRow
          title="Ask registries when a project is opened"
          hint="For which platforms its base images are, with saved logins. Without that, nothing is asked before a build starts."
        >
          <Switch
            label="Ask registries when a project is opened"
            hideLabel
            checked={settings.asksAboutBases ?? true}
            onChange={(asksAboutBases) => save({ asksAboutBases })}
          />
        </SettingsRow>
        <SettingsRow title="Builds to keep" hint="Older builds are deleted with their logs. Images are kept.">
          <NumberField
            label="Builds to keep"
            hideLabel
            value={settings.keepBuilds}
            min={1}
            max={100_000}
            step={100}
            onCommit={(keepBuilds) => save({ keepBuilds })}
          />
        </SettingsRow>
      </SettingsGroup>
      <AttestationSettings settings={settings} onSave={save} />
      <SavedSecrets />
      <AllowedCommands />
      {info && (
        <SettingsGroup title="About">
          <SettingsRow title="Data folder" hint="Connections, farms, history, logs and images.">
            <Copyable text={info.home} what="path" />
          </SettingsRow>
          <SettingsRow title="Version">
            <Copyable text={`Barnraiser ${info.version}, ${frontEnds[info.frontEnd]}, ${info.system}`} what="version" />
          </SettingsRow>
          <ReleaseSetting save={save} />
        </SettingsGroup>
      )}
    </Page>
  );
}
