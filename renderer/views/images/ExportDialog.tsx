import { useEffect, useRef, useState } from 'react';
import { formatBytes, formatList, formatPlatform, formatReferenceShort } from '../../../shared/format.ts';
import { lackingPlatforms } from '../../../shared/lacking-platforms.ts';
import { outputRow } from '../../../shared/output.ts';
import type { OutputState } from '../../../shared/output-state.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call, canShowItem, showItem } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { Bytes } from '../../parts/Quantity.tsx';
import { SpokenProgress } from '../../parts/SpokenProgress.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { useImage } from '../../stores/images.ts';
import { cancelOutput, outputEnded, startOutput, useOutput } from '../../stores/outputs.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import { OutputFields } from '../outputs/OutputFields.tsx';
import styles from '../outputs/Outputs.module.css';
import {
  checkOutput,
  lastOutputFolder,
  type OutputDraft,
  outputPath,
  rememberOutputFolder,
} from '../outputs/output-draft.ts';

export interface ExportDialogProps {
  readonly reference: string;
  /** The size of the whole image. */
  readonly bytes: number;
  readonly onClose: () => void;
}

/** Writes an image for use in other tools, or loads it into engines. If it is closed meanwhile, the work goes on and a toast shows the result. */
export function ExportDialog({ reference, bytes, onClose }: ExportDialogProps) {
  const list = useImage(reference);
  const platforms = list?.entries.map(({ platform }) => platform) ?? [];
  const [isIncomplete, setIncomplete] = useState(false);
  const [draft, setDraft] = useState<OutputDraft>(() => ({
    kind: 'oci-archive',
    path: outputPath(lastOutputFolder(), reference, 'oci-archive'),
    node: '',
    name: '',
    platforms: [],
  }));
  const [runningId, setRunningId] = useState<string>();
  const [isStarting, setStarting] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const running = useOutput(runningId);
  const isOpen = useRef(false);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);
  useEffect(() => {
    if (lastOutputFolder() === '') {
      // the home folder is only a suggestion, so a failure is ignored
      call('folders.list', {}).then(
        ({ path: home }) => setDraft((now) => ({ ...now, path: now.path || outputPath(home, reference, now.kind) })),
        () => undefined,
      );
    }
  }, [reference]);

  const lacking = list && draft.platforms.length === 0 ? lackingPlatforms(list) : [];
  const { text: checked } = checkOutput(draft);
  // a list of only a part of the platforms is written after a yes
  const text = lacking.length === 0 || isIncomplete ? checked : undefined;
  const { target } = outputRow(draft.kind);
  const isFile = target === 'file' || target === 'folder';
  const isBusy = isStarting || running !== undefined;
  const canReplace = problem?.code === 'image.destination' && isFile && draft.kind !== 'oci';

  async function run(replaces = false): Promise<void> {
    if (text === undefined || isBusy) {
      return;
    }
    setStarting(true);
    setProblem(undefined);
    try {
      const { id } = await startOutput({ reference, output: text, replaces });
      setRunningId(id);
      finish(await outputEnded(id));
    } catch (error) {
      report(problemOf(error));
    } finally {
      setStarting(false);
      setRunningId(undefined);
    }
  }

  function finish(output: OutputState): void {
    if (output.status === 'done') {
      toastResult(output);
      if (isOpen.current) {
        onClose();
      }
    } else if (output.status === 'failed' && output.problem) {
      report(output.problem);
    }
  }

  function report(found: Problem): void {
    if (isOpen.current) {
      setProblem(found);
    } else {
      toastProblem(found);
    }
  }

  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`Export ${formatReferenceShort(reference)}`}
      footerStart={isBusy ? 'You can close this dialog. The export continues.' : `The image has ${formatBytes(bytes)}`}
      footer={
        <>
          {runningId !== undefined && (
            <Button onClick={() => void cancelOutput(runningId).catch(toastProblem)}>Cancel export</Button>
          )}
          <Button onClick={onClose}>{isBusy ? 'Close' : 'Cancel'}</Button>
          <Button
            kind="primary"
            type="submit"
            form="export"
            busy={isBusy}
            reason={text === undefined ? 'Enter where to write the image.' : undefined}
          >
            {isFile ? 'Export image' : 'Load image'}
          </Button>
        </>
      }
    >
      <form
        id="export"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <OutputFields
          draft={draft}
          onChange={(next) => {
            setProblem(undefined);
            setDraft(next);
          }}
          reference={reference}
          platforms={platforms}
          disabled={isBusy}
        />
        {lacking.length > 0 && (
          <Switch
            label={`Export it without ${formatList(lacking.map(formatPlatform))}`}
            description="Machines with another platform cannot run it."
            checked={isIncomplete}
            onChange={setIncomplete}
          />
        )}
      </form>
      {running && (
        <div className={styles.progress}>
          <ProgressBar
            label={`Export of ${reference}`}
            value={running.totalBytes > 0 ? running.doneBytes : undefined}
            max={running.totalBytes}
          />
          <SpokenProgress
            what="Export"
            share={running.totalBytes > 0 ? running.doneBytes / running.totalBytes : undefined}
            end={undefined}
          />
          <span>
            <Bytes value={running.doneBytes} of={running.totalBytes} />
          </span>
        </div>
      )}
      {problem && (
        <ProblemNote
          problem={problem}
          actions={
            canReplace && (
              <Button onClick={() => void run(true)}>{target === 'file' ? 'Replace file' : 'Replace folder'}</Button>
            )
          }
        />
      )}
    </Dialog>
  );
}

function toastResult({ reference, path, images, totalBytes, notes = [] }: OutputState): void {
  if (path !== undefined) {
    rememberOutputFolder(path);
  }
  const name = formatReferenceShort(reference);
  toast({
    title: path === undefined ? `Loaded ${name}` : `Exported ${name}, ${formatBytes(totalBytes)}`,
    description: [path ?? images?.join(', ') ?? '', ...notes].filter(Boolean).join(' '),
    kind: 'done',
    ...(path === undefined
      ? {}
      : {
          action: canShowItem()
            ? { label: 'Show in folder', run: () => showItem(path) }
            : {
                label: 'Copy path',
                run: () => {
                  navigator.clipboard.writeText(path).catch(toastProblem);
                },
              },
        }),
  });
}
