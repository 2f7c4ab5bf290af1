import { useEffect, useState } from 'react';
import { toastProblem } from '../stores/toasts.ts';
import { IconButton } from './IconButton.tsx';

/** Copies text to the clipboard and confirms it for a moment. `what` is the name of the text: `digest`, `command`. */
export function CopyButton({ text, what, size = 'small' }: { text: string; what: string; size?: 'small' | 'medium' }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = copied ? setTimeout(() => setCopied(false), 1_500) : undefined;
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <>
      <IconButton
        icon={copied ? 'check' : 'copy'}
        label={copied ? 'Copied' : `Copy ${what}`}
        size={size}
        onClick={() => {
          navigator.clipboard.writeText(text).then(() => setCopied(true), toastProblem);
        }}
      />
      <output className="visually-hidden">{copied ? `Copied ${what}` : ''}</output>
    </>
  );
}
