import { type KeyboardEvent, type Ref, useState } from 'react';
import { IconButton } from './IconButton.tsx';
import { TextField } from './TextField.tsx';

export interface SecretFieldProps {
  readonly label: string;
  /** The name of the secret, for the label of the button: `passphrase`. */
  readonly what: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error?: string | undefined;
  readonly onKeyDown?: (event: KeyboardEvent<HTMLInputElement>) => void;
  readonly ref?: Ref<HTMLInputElement>;
}

/** A field for a secret, with a button that shows or hides the typed text. */
export function SecretField({ what, ...field }: SecretFieldProps) {
  const [isShown, setShown] = useState(false);
  return (
    <TextField
      {...field}
      // browsers would otherwise fill in or save passwords for this address, which all front ends share
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
