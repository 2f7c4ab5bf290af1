import { useState } from 'react';
import { IconButton } from './IconButton.tsx';
import { TextField, type TextFieldProps } from './TextField.tsx';

export interface SecretFieldProps
  extends Pick<
    TextFieldProps,
    'label' | 'hideLabel' | 'value' | 'onChange' | 'placeholder' | 'disabled' | 'error' | 'onKeyDown' | 'ref'
  > {
  /** The name of the secret, for the label of the button: `passphrase`. */
  readonly what: string;
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
