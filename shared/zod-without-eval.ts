/**
 * Stops zod from compiling schemas with `new Function`, which the page's content security policy forbids and reports.
 * zod tries that when a schema is created, so this module must be imported before any module that creates one.
 */
import { z } from 'zod';

z.config({ jitless: true });
