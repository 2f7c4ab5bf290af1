/**
 * To be imported first by an entry. Node warns on standard error of a signal with more than ten listeners. Here each blob and each
 * platform listens to the signal of its build, and removes its listener when it is done.
 */
import { setMaxListeners } from 'node:events';

setMaxListeners(0);
