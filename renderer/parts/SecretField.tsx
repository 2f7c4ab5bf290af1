import { type KeyboardEvent, type Ref, useState } from 'react';
import { IconButton } from './IconButton.tsx';
import { TextField } from './TextField.tsx';

export interface SecretFieldProps {
  readonly label: string;
  /** What the button shows and hides: `passphrase`. */
  readonly what: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error?: string | undefined;
  readonly onKeyDown?: (event: KeyboardEvent<HTMLInputElement>) => void;
  readonly ref?: Ref<HTMLInputElement>;
}

/** A field for what nobody else may see, with a button that shows it to whoever has to look at what was typed. */
export function SecretField({ what, ...field }: SecretFieldProps) {
  const [isShown, setShown] = useState(false);
  return (
    <TextField
      {...field}
      // "off" keeps browsers from filling in and from saving what they hold for this address, which is that of every door
      autoComplete="off"
      type={isShown ? 'text' : 'password'}
      mono={isShown}
      after={
        <IconButton
          icon={isShown ? 'eye-off' : 'eye'}
          label={`${isShown ? 'Hide' : 'Show'} ${what}`}
          size="small"
          onClick={() => setShown(!isShown)}
        />
      }
    />
  );
}
