import { Switch } from '../../parts/Switch.tsx';
import { notificationPermission, setNotifications } from '../../stores/notifications.ts';
import { useSettings } from '../../stores/settings.ts';
import { SettingsRow } from './SettingsGroup.tsx';

/** Whether ended builds, pushes and questions are notified while the window does not have the focus. */
export function NotificationSetting({ onFail }: { onFail: (error: unknown) => void }) {
  const { settings, info } = useSettings();
  const inBrowser = info?.frontEnd === 'browser';
  const permission = inBrowser ? notificationPermission() : 'granted';
  const isOn = settings.notifications ?? !inBrowser;
  return (
    <SettingsRow title="Notifications" hint={isOn ? hints[permission] : hints.granted}>
      <Switch
        label="Notifications"
        hideLabel
        checked={isOn}
        disabled={permission === 'unsupported'}
        onChange={(next) => void setNotifications(next).catch(onFail)}
      />
    </SettingsRow>
  );
}

const hints: Readonly<Record<ReturnType<typeof notificationPermission>, string>> = {
  granted: 'When a build or push ends or a question is asked while you use another window.',
  default: 'Your browser asks for permission when the next build starts.',
  denied: 'Your browser blocks the notifications of this page. Allow them in its site settings.',
  unsupported: 'Your browser does not support notifications.',
};
