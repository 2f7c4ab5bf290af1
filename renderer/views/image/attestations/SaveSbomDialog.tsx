import { useEffect, useRef, useState } from 'react';
import { formatCount, formatPlatform } from '../../../../shared/format.ts';
import type { Platform } from '../../../../shared/platform.ts';
import { type Problem, problemOf } from '../../../../shared/problem.ts';
import { type SbomFormat, sbomFormatNames, sbomFormats } from '../../../../shared/sbom-format.ts';
import { call } from '../../../api.ts';
import { Button } from '../../../parts/Button.tsx';
import { Dialog } from '../../../parts/Dialog.tsx';
import { ProblemNote } from '../../../parts/ProblemNote.tsx';
import { Segmented } from '../../../parts/Segmented.tsx';
import { TextField } from '../../../parts/TextField.tsx';
import { callWithProgress } from '../../../stores/local-images.ts';
import { toast } from '../../../stores/toasts.ts';
import { lastOutputFolder, rememberOutputFolder } from '../../outputs/output-draft.ts';

const endings: Readonly<Record<SbomFormat, string>> = { 'spdx-json': 'spdx.json', 'cyclonedx-json': 'cdx.json' };

export interface SaveSbomDialogProps {
  readonly reference: string;
  readonly platform: Platform;
  readonly onClose: () => void;
}

/** Writes the packages of an image to a file for other programs. Closing the dialog cancels it. */
export function SaveSbomDialog({ reference, platform, onClose }: SaveSbomDialogProps) {
  const [format, setFormat] = useState<SbomFormat>('spdx-json');
  const [folder, setFolder] = useState(lastOutputFolder());
  const [typed, setTyped] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const cancel = useRef(new AbortController());
  useEffect(() => {
    if (lastOutputFolder() === '') {
      // the home folder is only a suggestion, so a failure is ignored
      call('folders.list', {}, { signal: cancel.current.signal }).then(
        ({ path }) => setFolder(path),
        () => undefined,
      );
    }
  }, []);
  const name = reference.slice(reference.lastIndexOf('/') + 1).replace(':', '-');
  const file = typed ?? (folder === '' ? '' : `${folder.replace(/\/+$/, '')}/${name}.${endings[format]}`);

  async function save(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    const { signal } = cancel.current;
    try {
      const request = { reference, platform, format, file };
      const { packages } = await callWithProgress('images.sbom', request, () => undefined, signal);
      rememberOutputFolder(file);
      toast({ title: `Saved ${formatCount(packages, 'package')}`, description: file, kind: 'done' });
      onClose();
    } catch (error) {
      if (!signal.aborted) {
        setProblem(problemOf(error));
      }
    } finally {
      setBusy(false);
    }
  }

  function close(): void {
    cancel.current.abort();
    onClose();
  }

  return (
    <Dialog
      open
      wide
      onClose={close}
      title="Save SBOM"
      description={`The packages of ${reference} for ${formatPlatform(platform)}.`}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button kind="primary" type="submit" form="save-sbom" busy={busy} disabled={file === ''}>
            Save SBOM
          </Button>
        </>
      }
    >
      <form
        id="save-sbom"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Segmented
          label="Format"
          value={format}
          options={sbomFormats.map((value) => ({ value, label: sbomFormatNames[value] }))}
          onChange={setFormat}
        />
        <TextField
          label="File"
          mono
          value={file}
          onChange={setTyped}
          description="On the computer that runs Barnraiser. A file with this name is replaced."
        />
      </form>
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
