import { z } from 'zod';

// zod compiles its checks with `new Function` where it may, which the page's content security policy forbids and reports;
// it tries so when a schema is made, so this must be imported before anything that makes one
z.config({ jitless: true });
