import { useState } from 'react';
import type { Build, Job } from '../../../shared/build.ts';
import { formatList, formatPlatform, formatReferenceShort, pluralText } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { storeIncomplete } from '../../stores/builds.ts';
import { useImage } from '../../stores/images.ts';
import { openSheet } from '../../stores/navigation.ts';
import { unfinishedJobs } from './build-actions.ts';

/** Stores and pushes the finished platforms of an incomplete build, after a confirmation that says what will be missing. */
export function PushIncomplete({ build }: { build: Build }) {
  const [isAsking, setAsking] = useState(false);
  const replaced = useImage(build.reference);
  const { reference, jobs } = build;
  const missing = unfinishedJobs(build);
  const done = jobs.filter((job) => !missing.includes(job));
  const name = formatReferenceShort(reference);
  return (
    <>
      <Button icon="push" onClick={() => setAsking(true)}>
        {pluralText(done.length, 'Push the one that is done…', `Push the ${done.length} that are done…`)}
      </Button>
      <ConfirmDialog
        open={isAsking}
        onClose={() => setAsking(false)}
        title={`Store ${name} without ${names(missing)}?`}
        description={`The image will have ${names(done)} only. Machines with another platform cannot run it.`}
        losses={replaced ? [`The image that is stored as ${name} now`] : []}
        action="Store and push…"
        harmless={!replaced}
        onConfirm={async () => {
          await storeIncomplete(build.id);
          openSheet({ sheet: 'push', reference });
        }}
      />
    </>
  );
}

function names(jobs: readonly Job[]): string {
  return formatList(jobs.map(({ platform }) => formatPlatform(platform)));
}
