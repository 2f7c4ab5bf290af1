import { type NotificationKind, notificationKinds, notificationKindTexts } from '../../../shared/notification-kind.ts';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { notificationPermission, setNotifications } from '../../stores/notifications.ts';
import { updateSettings, useSettings } from '../../stores/settings.ts';
import styles from './Settings.module.css';
import { SettingsRow } from './SettingsGroup.tsx';

/** Whether there are notifications while the window does not have the focus, and what they are about. */
export function NotificationSetting({ onFail }: { onFail: (error: unknown) => void }) {
  const { settings, info } = useSettings();
  const inBrowser = info?.frontEnd === 'browser';
  const permission = inBrowser ? notificationPermission() : 'granted';
  const isOn = settings.notifications ?? !inBrowser;
  return (
    <>
      <SettingsRow title="Notifications" hint={isOn ? hints[permission] : hints.granted}>
        <Switch
          label="Notifications"
          hideLabel
          checked={isOn}
          disabled={permission === 'unsupported'}
          onChange={(next) => void setNotifications(next).catch(onFail)}
        />
      </SettingsRow>
      {isOn && <Kinds onFail={onFail} />}
    </>
  );
}

/** What notifications are about. */
function Kinds({ onFail }: { onFail: (error: unknown) => void }) {
  const muted = useSettings(({ settings }) => settings.mutedNotifications) ?? [];
  const change = (kind: NotificationKind, isNotified: boolean): void => {
    const others = muted.filter((other) => other !== kind);
    updateSettings({ mutedNotifications: isNotified ? others : [...others, kind] }).catch(onFail);
  };
  return (
    <fieldset className={styles.kinds}>
      <legend className="visually-hidden">Notify of</legend>
      {notificationKinds.map((kind) => (
        <Checkbox
          key={kind}
          label={notificationKindTexts[kind].title}
          description={notificationKindTexts[kind].hint}
          checked={!muted.includes(kind)}
          onChange={(isNotified) => change(kind, isNotified)}
        />
      ))}
    </fieldset>
  );
}

const hints: Readonly<Record<ReturnType<typeof notificationPermission>, string>> = {
  granted: 'Of builds, questions and nodes, while you use another window.',
  default: 'Your browser asks for permission when the next build starts.',
  denied: 'Your browser blocks the notifications of this page. Allow them in its site settings.',
  unsupported: 'Your browser does not support notifications.',
};
