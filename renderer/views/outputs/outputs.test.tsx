import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, describe, expect, it } from 'vitest';
import type { Platform } from '../../../shared/platform.ts';
import { useOpenBuild } from '../../stores/builds.ts';
import type { FixtureState } from '../../testing/fixture-app.ts';
import { sample } from '../../testing/fixture-data.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { BuildOutputs } from './BuildOutputs.tsx';
import { OutputsSection } from './OutputsSection.tsx';

let app: TestApp;
afterEach(() => app.stop());

function Outputs({ id }: { readonly id: string }) {
  const { build } = useOpenBuild(id);
  return build ? <BuildOutputs build={build} /> : null;
}

async function open(state: FixtureState): Promise<void> {
  ({ app } = await renderWithApp(<Outputs id={sample.done().id} />, state));
  await screen.findByRole('region', { name: 'Outputs' });
}

const rows = (): HTMLElement[] => within(screen.getByRole('region', { name: 'Outputs' })).getAllByRole('listitem');

describe('the outputs of a build', () => {
  it('say what was written, what was not, and why', async () => {
    await open('failed');
    const states = rows().map(({ textContent }) => /^(?:Written|Loaded|Failed|Cancelled)/.exec(textContent)?.[0]);
    expect(states).toEqual(['Written', 'Written', 'Cancelled', 'Loaded', 'Failed']);
    within(rows()[4] as HTMLElement).getByText(/The disk is full/);
    within(rows()[3] as HTMLElement).getByText(/api:1\.3-amd64/);
  });

  it('are written again, with progress, and cancelled', async () => {
    await open('busy');
    const row = rows()[2] as HTMLElement;
    await userEvent.click(within(row).getByRole('button', { name: 'Write again' }));
    await within(row).findByRole('progressbar', { name: 'Folder of blobs /mnt/usb/api' });
    expect(rows()).toHaveLength(4);
    await userEvent.click(within(row).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(row.textContent).toMatch(/^Cancelled/));
  });

  it('are recorded when they are done', async () => {
    await open('done');
    const row = rows()[2] as HTMLElement;
    await userEvent.click(within(row).getByRole('button', { name: 'Write again' }));
    await waitFor(() => expect(row.textContent).toMatch(/^Written/));
  });
});

describe('the outputs of a new build', () => {
  const platforms: readonly Platform[] = ['linux/amd64', 'linux/arm64'] as Platform[];

  function Form() {
    const [outputs, setOutputs] = useState<readonly string[]>(['dir:/tmp/dir']);
    return (
      <>
        <OutputsSection outputs={outputs} reference="api:1.4" platforms={platforms} onChange={setOutputs} />
        <output>{outputs.join(' ')}</output>
      </>
    );
  }

  it('are added, changed and removed', async () => {
    ({ app } = await renderWithApp(<Form />, 'done'));
    const texts = (): string => document.querySelector('output')?.textContent ?? '';
    await userEvent.click(screen.getByText('Outputs'));
    await userEvent.click(await screen.findByRole('button', { name: 'Add output' }));
    const field = await screen.findByRole('textbox', { name: 'File' });
    await waitFor(() => expect(field).toHaveProperty('value', '/home/anna/projects/api-1.4.tar'));
    await userEvent.click(screen.getByRole('checkbox', { name: 'arm64' }));
    await userEvent.click(screen.getByRole('button', { name: 'Add output' }));
    expect(texts()).toBe('dir:/tmp/dir oci-archive:/home/anna/projects/api-1.4.tar@linux/amd64');
    await userEvent.click(screen.getByRole('button', { name: 'Remove Folder of blobs /tmp/dir' }));
    await userEvent.click(screen.getByRole('button', { name: /^Edit OCI archive/ }));
    await userEvent.click(await screen.findByRole('checkbox', { name: 'arm64' }));
    await userEvent.click(screen.getByRole('button', { name: 'Change output' }));
    expect(texts()).toBe('oci-archive:/home/anna/projects/api-1.4.tar');
  });
});
