import { expect, it } from 'vitest';
import { allSourceMounts, sourceMounts } from './source-mounts.ts';

it.each([
  ['RUN --mount=type=secret,id=token cat', [{ kind: 'secret', id: 'token', isRequired: false }]],
  ['run --network=none --mount=id=token,type=secret,required cat', [{ kind: 'secret', id: 'token', isRequired: true }]],
  ['RUN --mount=type=secret,id=a,required=true cat', [{ kind: 'secret', id: 'a', isRequired: true }]],
  ['RUN --mount=type=secret,id=a,required=false cat', [{ kind: 'secret', id: 'a', isRequired: false }]],
  ['RUN --mount=type=secret,target=/root/.npmrc npm ci', [{ kind: 'secret', id: '.npmrc', isRequired: false }]],
  ['RUN --mount=type=secret,id=a,env=A_B=c cat', [{ kind: 'secret', id: 'a', isRequired: false }]],
  ['RUN --mount=type=ssh git clone', [{ kind: 'ssh', id: 'default', isRequired: false }]],
  ['RUN --mount=type=ssh,id=work git clone', [{ kind: 'ssh', id: 'work', isRequired: false }]],
  ['RUN --mount=type=cache,target=/x --mount=type=secret,id=$NAME cat', []],
  ['RUN --mount=type=secret cat', []],
  ['RUN echo --mount=type=secret,id=token', []],
  ['COPY --mount=type=secret,id=token . .', []],
])('finds what %s mounts', (text, mounts) => {
  expect(sourceMounts(text)).toEqual(mounts);
});

it('names each secret once, as needed if one step needs it', () => {
  const instructions = [
    { text: 'FROM a' },
    { text: 'RUN --mount=type=secret,id=b   --mount=type=ssh x' },
    { text: 'RUN --mount=type=secret,id=a y' },
    { text: 'RUN --mount=type=secret,id=b,required z' },
  ];
  expect(allSourceMounts(instructions)).toEqual([
    { kind: 'secret', id: 'b', isRequired: true },
    { kind: 'ssh', id: 'default', isRequired: false },
    { kind: 'secret', id: 'a', isRequired: false },
  ]);
});
