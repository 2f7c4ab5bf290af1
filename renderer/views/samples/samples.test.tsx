import { fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { sampleNames, samples } from '../../../shared/samples.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { SamplesSheet } from './SamplesSheet.tsx';

let app: TestApp;
afterEach(() => app.stop());

const folder = '/home/anna/.local/share/barnraiser/sample-projects';

it('offers each sample with a sentence', async () => {
  ({ app } = await renderWithApp(<SamplesSheet onClose={() => {}} />));
  const buttons = await screen.findAllByRole('button', { name: /\.$/ });
  expect(buttons.map(({ textContent }) => textContent)).toEqual(
    sampleNames.map((name) => `${samples[name].title}${samples[name].text}`),
  );
});

it('keeps the sample for the first farm if there is none', async () => {
  ({ app } = await renderWithApp(<SamplesSheet onClose={() => {}} />, 'empty'));
  fireEvent.click(await screen.findByRole('button', { name: /^Hello/ }));
  await waitFor(() =>
    expect(useNavigation.getState().route?.view).toEqual({ view: 'first-start', project: `${folder}/hello` }),
  );
});

it.each([
  ['hello', { sheet: 'new-build', context: `${folder}/hello`, farm: 'home' }],
  ['three-images', { sheet: 'bake', folder: `${folder}/three-images` }],
  // nothing of this name can be in a registry
  ['linuxkit', { sheet: 'package', folder: `${folder}/linuxkit`, force: true }],
] as const)('opens what builds the sample %s', async (name, sheet) => {
  ({ app } = await renderWithApp(<SamplesSheet onClose={() => {}} />));
  fireEvent.click(await screen.findByRole('button', { name: new RegExp(`^${samples[name].title}`) }));
  await waitFor(() => expect(useNavigation.getState().route?.sheet).toEqual(sheet));
});
