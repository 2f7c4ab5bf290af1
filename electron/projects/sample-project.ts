import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '../system/file-errors.ts';

const containerfile = `# A sample project: the image for each platform shows where it was built.
ARG BASE=docker.io/library/busybox:1.36
FROM \${BASE}
ARG TARGETPLATFORM
COPY hello.sh /usr/local/bin/hello
RUN chmod 755 /usr/local/bin/hello && echo "\${TARGETPLATFORM} on $(uname -m)" > /built-on
CMD ["/usr/local/bin/hello"]
`;

const hello = `#!/bin/sh
echo "Hello from $(uname -m). This image was built for $(cat /built-on)."
`;

const ignore = `# Files that match these patterns are not sent to the nodes.
*.md
`;

const readme = `# Sample project

Build it on all your nodes: \`barnraiser build -t hello:1 .\`
`;

/** Writes a small project for a first build. Existing files are not changed. @returns the folder. */
export async function writeSampleProject(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const files = { Containerfile: containerfile, 'hello.sh': hello, '.containerignore': ignore, 'README.md': readme };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content, { flag: 'wx' }).catch((error: unknown) => {
      if (errnoCode(error) !== 'EEXIST') {
        throw error;
      }
    });
  }
  return folder;
}
