import { useState } from 'react';
import { IconButton } from '../../parts/IconButton.tsx';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { TextField, type TextFieldProps } from '../../parts/TextField.tsx';

const FileDialog = lazyPart(async () => (await import('../new-build/FileDialog.tsx')).FileDialog);

interface KeyFieldProps extends Pick<TextFieldProps, 'label' | 'hideLabel' | 'description' | 'placeholder' | 'onBlur'> {
  readonly value: string;
  readonly onChange: (path: string) => void;
  /** Called with a file that was chosen in the dialog. */
  readonly onChoose?: (path: string) => void;
}

/** The path of a key on the computer that runs Barnraiser, with a button that shows its files. */
export function KeyField({ value, onChange, onChoose = onChange, ...field }: KeyFieldProps) {
  const [isChoosing, setChoosing] = useState(false);
  return (
    <>
      <TextField
        {...field}
        mono
        value={value}
        onChange={onChange}
        after={
          <IconButton
            size="small"
            icon="folder"
            label={`Choose ${field.label.toLowerCase()}…`}
            onClick={() => setChoosing(true)}
          />
        }
      />
      <Presence>
        {isChoosing && (
          <FileDialog
            open
            title={`Choose ${field.label.toLowerCase()}`}
            start={folderOf(value)}
            onClose={() => setChoosing(false)}
            onChoose={(path) => {
              setChoosing(false);
              onChoose(path);
            }}
          />
        )}
      </Presence>
    </>
  );
}

function folderOf(path: string): string | undefined {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return end > 0 ? path.slice(0, end) : undefined;
}
