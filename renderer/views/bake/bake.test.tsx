import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { useBakes } from '../../stores/bakes.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { bakeId } from '../../testing/fixture-bakes.ts';
import { isDisabled, renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { BakeSheet } from './BakeSheet.tsx';
import { BakeView } from './BakeView.tsx';

let app: TestApp;
afterEach(() => app.stop());

const button = (name: string | RegExp) => screen.getByRole<HTMLButtonElement>('button', { name });
const row = (name: string) =>
  within(screen.getByRole('rowheader', { name: new RegExp(`^${name}`) }).closest('tr') as HTMLElement);

describe('the page of a bake', () => {
  async function open(state: Parameters<typeof renderWithApp>[1]) {
    ({ app } = await renderWithApp(<BakeView id={bakeId} />, state));
  }

  it('says that there is no bake with the id', async () => {
    await open('empty');
    await screen.findByText(`There is no bake ${bakeId}.`);
    fireEvent.click(button('Show all builds'));
    expect(useNavigation.getState().route?.view.view).toBe('builds');
  });

  it('shows the platforms of each image while they are built, and what the others wait for', async () => {
    await open('busy');
    await screen.findByRole('heading', { name: '5 images of shop' });
    screen.getByText('2 of 5 done');
    await screen.findByRole('columnheader', { name: 'linux/arm64' });
    row('worker').getByText('for api');
    await waitFor(() => row('web').getByText('Transferring image'));
    fireEvent.click(button('Cancel'));
    await waitFor(() => expect(isDisabled(button('Retry what is missing'))).toBe(false));
  });

  it('says why images failed or were not built, and builds them again', async () => {
    await open('failed');
    await screen.findByRole('heading', { name: '5 images of shop' });
    row('api').getByText(/failed on pi4 at step 4/);
    row('worker').getByText('Not built');
    fireEvent.click(button('Retry what is missing'));
    await waitFor(() => expect(useNavigation.getState().route?.view).toMatchObject({ view: 'bake' }));
    expect(useNavigation.getState().route?.view).not.toMatchObject({ id: bakeId });
  });

  it('has a row for each of many images', async () => {
    await open('huge');
    await screen.findByRole('heading', { name: '30 images of shop' });
    expect(screen.getAllByRole('rowheader')).toHaveLength(30);
  });
});

describe('the sheet for several images', () => {
  async function open(folder = '/home/anna/projects/shop') {
    ({ app } = await renderWithApp(<BakeSheet folder={folder} onClose={() => {}} />));
  }
  const box = (name: string | RegExp) => screen.getByRole('checkbox', { name });
  const started = async () => {
    fireEvent.click(button('Build'));
    await waitFor(() => expect(useNavigation.getState().route?.view.view).toBe('bake'));
    return useBakes.getState().byId[bakeId]?.images.map(({ name }) => name);
  };
  const allow = async () => {
    fireEvent.click(await screen.findByRole('button', { name: 'Allow' }));
    await waitFor(() => expect(isDisabled(button('Build'))).toBe(false));
  };

  it('builds nothing before what the files need is allowed', async () => {
    await open();
    await screen.findByText('Allow what the files need first.');
    expect(isDisabled(button('Build'))).toBe(true);
    await allow();
    screen.getByText('5 images');
  });

  it('builds the chosen images with those that they depend on', async () => {
    await open();
    await allow();
    expect(box(/^api/).getAttribute('aria-disabled')).toBe('true');
    await userEvent.click(box(/^docs/));
    await userEvent.click(box(/^web/));
    expect(screen.getByText(/^\d images?$/).textContent).toBe('3 images');
    expect(await started()).toEqual(['base', 'api', 'worker']);
  });

  it('adds targets that are not in the default group', async () => {
    await open();
    await allow();
    expect(screen.queryByRole('checkbox', { name: 'load-test' })).toBeNull();
    fireEvent.click(button('Add load-test'));
    await screen.findByRole('checkbox', { name: 'load-test' });
    expect(screen.queryByRole('button', { name: 'Add load-test' })).toBeNull();
    await waitFor(() => expect(isDisabled(button('Build'))).toBe(false));
    expect(await started()).toContain('load-test');
  });

  it('says which image cannot be pushed', async () => {
    await open();
    await allow();
    const push = box(/^Push when done/);
    await userEvent.click(push);
    await waitFor(() => expect(isDisabled(button('Build'))).toBe(false));
    fireEvent.click(button('Add load-test'));
    await screen.findByText(/names no registry to push to/);
    expect(isDisabled(button('Build'))).toBe(true);
    await userEvent.click(push);
    await waitFor(() => expect(isDisabled(button('Build'))).toBe(false));
    screen.getByText('6 images');
  });

  it('says what is wrong in the files', async () => {
    await open('/home/anna/projects/broken');
    await screen.findByText(/A target has no field "platfroms"/);
    expect(isDisabled(button('Build'))).toBe(true);
  });

  it('lists many images', async () => {
    await open('/home/anna/projects/many');
    await allow();
    screen.getByText('30 images');
  });
});
