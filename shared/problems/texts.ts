/** The page of every problem code: what it means, why it happens, and what to do. Loaded only when somebody reads one. */
import type { ProblemCode } from '../failure.ts';
import { appTexts } from './app.ts';
import { automationTexts } from './automation.ts';
import { buildTexts } from './builds.ts';
import { connectionTexts } from './connections.ts';
import { engineTexts } from './engines.ts';
import { imageTexts } from './images.ts';
import type { ProblemText } from './problem-text.ts';
import { registryTexts } from './registries.ts';
import { sourceTexts } from './sources.ts';
import { sshTexts } from './ssh.ts';
import { transportTexts } from './transports.ts';

export const problemTexts: Readonly<Record<ProblemCode, ProblemText>> = {
  ...appTexts,
  ...connectionTexts,
  ...sshTexts,
  ...transportTexts,
  ...engineTexts,
  ...buildTexts,
  ...sourceTexts,
  ...automationTexts,
  ...imageTexts,
  ...registryTexts,
};
