import type { CallInput, CallOutput } from '../../../shared/contract.ts';
import { formatCount } from '../../../shared/format.ts';
import { type ImagePackages, packageKindNames, packageKinds } from '../../../shared/packages.ts';
import { type Failure, fail } from '../../../shared/problem.ts';
import type { Provenance } from '../../../shared/provenance.ts';
import type { Reproduction } from '../../../shared/reproduction.ts';
import { isNameOf, isVerified, type Signed, verdictTexts } from '../../../shared/signature.ts';
import { wordOf } from '../../../shared/words.ts';
import type { AttestationCommand, KeySource } from '../attestation-command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { isTerminal } from '../output/paint.ts';
import { askPassword } from '../prompt.ts';
import { showTask } from './task-progress.ts';

type Of<K extends AttestationCommand['kind']> = Extract<AttestationCommand, { kind: K }>;

export async function runAttestationCommand(frontEnd: TerminalFrontEnd, command: AttestationCommand): Promise<number> {
  switch (command.kind) {
    case 'sbom':
      return command.format === 'text' ? listPackages(frontEnd, command) : writeSbom(frontEnd, command, command.format);
    case 'provenance':
      return showProvenance(frontEnd, command);
    case 'sign':
      return sign(frontEnd, command);
    case 'verify.signatures':
      return verify(frontEnd, command);
    case 'reproduce':
      return reproduce(frontEnd, command);
    case 'key.generate':
      return generateKey(frontEnd, command);
    case 'key.trust':
      return trustKey(frontEnd, command);
    case 'key.list':
      return listKeys(frontEnd);
    case 'key.distrust':
      return distrustKey(frontEnd, command);
  }
}

async function listPackages(frontEnd: TerminalFrontEnd, { request }: Of<'sbom'>): Promise<number> {
  const image = await showTask(frontEnd, `Reading ${request.reference}`, (task) =>
    frontEnd.call('images.packages', { ...request, task }),
  );
  frontEnd.printResult(image, () => [
    `${image.platform}: ${countText(image)}`,
    ...(image.system === undefined ? [] : [image.system]),
    ...(image.packages.length === 0
      ? []
      : [
          '',
          ...formatTable(
            [{ title: 'PACKAGE' }, { title: 'VERSION' }, { title: 'KIND' }, { title: 'LICENCE' }],
            image.packages.map(({ name, version = '', kind, licence = '' }) => [
              name,
              version,
              packageKindNames[kind],
              licence.length > 40 ? `${licence.slice(0, 39)}…` : licence,
            ]),
          ),
        ]),
  ]);
  reportUnread(frontEnd, image.problems);
  return 0;
}

function countText({ packages }: Pick<ImagePackages, 'packages'>): string {
  const kinds = packageKinds.flatMap((kind) => {
    const count = packages.filter((each) => each.kind === kind).length;
    return count === 0 ? [] : [`${packageKindNames[kind]} ${count}`];
  });
  return [formatCount(packages.length, 'package'), ...(kinds.length > 0 ? [`(${kinds.join(', ')})`] : [])].join(' ');
}

function reportUnread(frontEnd: TerminalFrontEnd, problems: ImagePackages['problems']): void {
  frontEnd.printNotes(...problems.map(({ path, text }) => `Not read: ${path}: ${text}. Packages may be missing.`));
}

async function writeSbom(
  frontEnd: TerminalFrontEnd,
  { request, file }: Of<'sbom'>,
  format: CallInput<'images.sbom'>['format'],
): Promise<number> {
  const epoch = Number(process.env.SOURCE_DATE_EPOCH || Number.NaN);
  const input = {
    ...{ ...request, format },
    ...(file === undefined ? {} : { file }),
    ...(Number.isSafeInteger(epoch) ? { epoch } : {}),
  };
  const sbom = await showTask(frontEnd, `Reading ${request.reference}`, (task) =>
    frontEnd.call('images.sbom', { ...input, task }),
  );
  const { text, ...facts } = sbom;
  if (text === undefined) {
    frontEnd.printResult({ file, ...facts }, () => [
      `Wrote ${formatCount(facts.packages, 'package')} of ${request.reference} for ${facts.platform} to ${file}.`,
    ]);
  } else if (frontEnd.options.json) {
    frontEnd.printJson(JSON.parse(text));
  } else {
    frontEnd.print(text.trimEnd());
  }
  reportUnread(frontEnd, facts.problems);
  return 0;
}

async function showProvenance(frontEnd: TerminalFrontEnd, { request }: Of<'provenance'>): Promise<number> {
  const provenance = await frontEnd.call('images.provenance', request);
  if (provenance.statements.length === 0) {
    throw fail(
      'attestation.none',
      `${request.reference} has no provenance for ${provenance.platform}.`,
      'Build it with --provenance.',
    );
  }
  frontEnd.printResult(provenance, () => provenanceLines(provenance));
  return 0;
}

function provenanceLines({ digest, platform, statements }: Provenance): string[] {
  return statements.flatMap(({ predicateType, form, summary, isOther }, index) => [
    ...(index === 0 ? [`${platform} ${digest}`] : ['']),
    ...(isOther ? ['Attention: this statement is about another image.'] : []),
    `Format: ${predicateType}${form === 'list' ? ', in the list' : ''}`,
    ...[
      { title: 'Recorded by', value: summary.program },
      { title: 'Built by', value: summary.builder || undefined },
      { title: 'Kind', value: summary.buildType },
      { title: 'Build', value: summary.invocation },
      { title: 'Started', value: summary.startedAt },
      { title: 'Finished', value: summary.finishedAt },
    ].flatMap(({ title, value }) => (value === undefined ? [] : [`${title}: ${value}`])),
    ...(summary.dependencies.length === 0 ? [] : ['Made of:']),
    ...summary.dependencies.map(({ uri, digest: own }) => `  ${uri}${own === undefined ? '' : ` ${own}`}`),
  ]);
}

async function sign(frontEnd: TerminalFrontEnd, { request, key }: Of<'sign'>): Promise<number> {
  const input = { ...request, ...(await openKey(frontEnd, key)) };
  const signed = await frontEnd.showWait(`Signing ${request.reference}`, frontEnd.call('images.sign', input));
  frontEnd.printResult(signed, () => [
    `Signed ${request.reference}${request.registry ? ' in its registry' : ''}.`,
    ...signed.map(({ platform = wordOf('list'), digest }) => `  ${platform} ${digest}`),
  ]);
  return 0;
}

async function verify(
  frontEnd: TerminalFrontEnd,
  { request, key, recursive }: Of<'verify.signatures'>,
): Promise<number> {
  const input = { ...request, ...(key ? await openKey(frontEnd, key) : {}) };
  if (!key && (await frontEnd.call('keys.trusted', {})).length === 0) {
    throw fail('key.missing', 'No key is trusted yet.', 'Trust one: barnraiser key trust cosign.pub.');
  }
  const all = await frontEnd.showWait(`Checking ${request.reference}`, frontEnd.call('images.signatures', input));
  frontEnd.printResult(all, () => verifyLines(all));
  noteOtherNames(frontEnd, request.reference, all);
  const required = recursive ? all : all.slice(0, 1);
  const failed = required.find((each) => !isVerified(each));
  if (failed) {
    throw notVerified(request.reference, failed);
  }
  return 0;
}

/** A signature is valid for the digest of an image, whatever its name is. */
function noteOtherNames(frontEnd: TerminalFrontEnd, reference: string, all: readonly Signed[]): void {
  const valid = all.flatMap(({ signatures }) => signatures.filter(({ verdict }) => verdict === 'valid'));
  const names = valid.flatMap(({ identity = '' }) => (isNameOf(identity, reference) ? [] : [identity]));
  frontEnd.printNotes(
    ...[...new Set(names)].map((name) => `Signed under another name than ${reference}: ${name || 'none'}.`),
  );
}

function verifyLines(all: CallOutput<'images.signatures'>): string[] {
  return formatTable(
    [{ title: 'IMAGE' }, { title: 'SIGNATURE' }, { title: 'NAME' }, { title: 'SIGNED' }, { title: 'DIGEST' }],
    all.flatMap(({ platform = wordOf('list'), digest, signatures }) =>
      signatures.length === 0
        ? [[platform, 'not signed', '', '', digest]]
        : signatures.map(({ verdict, signer, identity = '', createdAt = '' }) => [
            platform,
            verdict === undefined ? '' : `${verdictTexts[verdict]}${signer === undefined ? '' : ` (${signer})`}`,
            identity,
            createdAt.slice(0, 10),
            digest,
          ]),
    ),
  );
}

function notVerified(reference: string, { platform, signatures }: Signed): Failure {
  const what = platform === undefined ? reference : `The image of ${reference} for ${platform}`;
  const verdicts = new Set(signatures.map(({ verdict }) => verdict));
  if (verdicts.size === 0) {
    return fail('signature.none', `${what} is not signed.`, 'Sign it: barnraiser sign REF --key FILE.');
  }
  return verdicts.has('changed') || verdicts.has('other-image')
    ? fail(
        'signature.invalid',
        `${what} has a signature that was changed after it was made, or that belongs to another image.`,
        'Do not use the image before you know why. Get it again from where it comes from.',
      )
    : fail(
        'signature.invalid',
        `${what} is signed with another key.`,
        'Verify it with the public key of those who have signed it.',
      );
}

async function reproduce(frontEnd: TerminalFrontEnd, { request }: Of<'reproduce'>): Promise<number> {
  const result = await frontEnd.showWait(
    `Building ${request.reference} again`,
    frontEnd.start('images.reproduce', request),
  );
  frontEnd.printResult(result, () => reproductionLines(result));
  return result.isReproduced ? 0 : 1;
}

const maxShown = 20;

function reproductionLines({ reference, isReproduced, digest, newDigest, platforms, advice, rebuild }: Reproduction) {
  return [
    isReproduced
      ? `${reference} was reproduced${newDigest === digest ? `: ${digest}` : ''}.`
      : `${reference} was not reproduced. Build ${rebuild} gave another image.`,
    ...platforms.flatMap((each) => {
      const differences = each.differences.slice(0, maxShown);
      const more = each.differences.length - differences.length + each.moreDifferences;
      return [
        `${each.platform}: ${each.isReproduced ? 'the same' : each.newDigest === undefined ? 'not built again' : 'another image'}`,
        ...differences.map(({ part, name, text }) => `  ${part} ${name}: ${text}`),
        ...(more > 0 ? [`  and ${formatCount(more, 'more difference')}`] : []),
      ];
    }),
    ...advice,
  ];
}

/** The key, with its password if it is encrypted: from the environment, standard input or a person. */
async function openKey(
  frontEnd: TerminalFrontEnd,
  { key, passwordFromInput }: KeySource,
): Promise<{ key: string; password?: string }> {
  const { isEncrypted } = await frontEnd.call('keys.inspect', { key });
  return isEncrypted
    ? { key, password: await readPassword(frontEnd, `Password of ${key}: `, passwordFromInput) }
    : { key };
}

async function generateKey(
  frontEnd: TerminalFrontEnd,
  { prefix, passwordFromInput }: Of<'key.generate'>,
): Promise<number> {
  const password = await readPassword(frontEnd, `Password for ${prefix}.key: `, passwordFromInput);
  const made = await frontEnd.call('keys.generate', { prefix, password });
  frontEnd.printResult(made, () => [
    `Made ${made.privateKey}, which signs. Keep it secret.`,
    `Made ${made.publicKey}, which verifies. Give it to others.`,
  ]);
  return 0;
}

async function trustKey(frontEnd: TerminalFrontEnd, { key, name }: Of<'key.trust'>): Promise<number> {
  const { key: file, ...password } = await openKey(frontEnd, key);
  const trusted = await frontEnd.call('keys.trust', { file, ...password, ...(name === undefined ? {} : { name }) });
  frontEnd.printResult(trusted, () => [`Signatures of ${trusted.name} are trusted now (${trusted.kind}).`]);
  return 0;
}

async function listKeys(frontEnd: TerminalFrontEnd): Promise<number> {
  const keys = await frontEnd.call('keys.trusted', {});
  frontEnd.printResult({ keys }, () =>
    keys.length === 0
      ? ['No key is trusted yet.']
      : formatTable(
          [{ title: 'NAME' }, { title: 'KIND' }, { title: 'ADDED' }, { title: 'SHA-256' }],
          keys.map(({ name, kind, addedAt, fingerprint }) => [name, kind, addedAt.slice(0, 10), fingerprint]),
        ),
  );
  return 0;
}

async function distrustKey(frontEnd: TerminalFrontEnd, { name }: Of<'key.distrust'>): Promise<number> {
  await frontEnd.call('keys.distrust', { name });
  frontEnd.printResult({ name }, () => [`Signatures of ${name} are no longer trusted.`]);
  return 0;
}

/** @throws Failure `key.password`, or the reason of an interruption */
async function readPassword(frontEnd: TerminalFrontEnd, prompt: string, fromInput: boolean): Promise<string> {
  const { input, errors, interrupted } = frontEnd.options;
  if (fromInput) {
    return (await frontEnd.readInput()).split('\n')[0]?.replace(/\r$/, '') ?? '';
  }
  const { COSIGN_PASSWORD: known } = process.env;
  if (known !== undefined) {
    return known;
  }
  if (!isTerminal(errors) || !('isTTY' in input && input.isTTY)) {
    throw fail(
      'key.password',
      'The key needs a password, and there is no terminal to ask for it.',
      'Set COSIGN_PASSWORD, or add --password-stdin.',
    );
  }
  const typed = await frontEnd.withScreen(undefined, () => askPassword(prompt, { input, output: errors }, interrupted));
  interrupted.throwIfAborted();
  return typed ?? '';
}
