import { Toast } from '@base-ui/react/toast';
import { type ToastData, toastManager } from '../stores/toasts.ts';
import { classes } from './classes.ts';
import { Icon, type IconName } from './Icon.tsx';
import styles from './ToastArea.module.css';

const icons: Readonly<Record<string, IconName>> = { done: 'check', failed: 'warning', info: 'info' };

/**
 * Shows toasts at the bottom right. Screen readers announce them; they never take the focus, and F6 moves it to them.
 * Rendered once, by the frame.
 */
export function ToastArea() {
  return (
    <Toast.Provider toastManager={toastManager} limit={4}>
      <Toast.Portal>
        <Toast.Viewport aria-label="Notifications" className={styles.viewport}>
          <Toasts />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function Toasts() {
  const { toasts } = Toast.useToastManager<ToastData>();
  return toasts.map((toast) => {
    const kind = toast.type ?? 'info';
    return (
      <Toast.Root key={toast.id} toast={toast} swipeDirection="right" className={styles.toast}>
        <Toast.Content className={classes(styles.content, styles[kind])}>
          <Icon name={icons[kind] ?? 'info'} />
          <div className={styles.text}>
            <Toast.Title className={styles.title} />
            <Toast.Description className={styles.description} />
          </div>
          {toast.actionProps && <Toast.Action className={styles.action} />}
          <Toast.Close className={styles.close} aria-label="Close">
            <Icon name="cross" size={14} />
          </Toast.Close>
        </Toast.Content>
      </Toast.Root>
    );
  });
}
