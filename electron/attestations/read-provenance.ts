import { z } from 'zod';
import type { Digest } from '../../shared/image.ts';
import type { Provenance, ProvenanceSummary } from '../../shared/provenance.ts';
import { describes } from '../images/attachments.ts';
import type { BlobStore } from '../images/blob-store.ts';
import type { StoredImage, StoredList } from '../images/stored-list.ts';
import type { StoredManifest } from '../images/stored-manifest.ts';
import { fieldText, withoutMissing } from './packages/package.ts';
import { predicateAnnotation, statementMediaType } from './statement.ts';

const maxStatementBytes = 16 * 1024 * 1024;
const maxDependencies = 1000;

const digests = z.record(z.string(), z.string()).optional().catch(undefined);
const dependency = z.object({ uri: z.string().optional(), name: z.string().optional(), digest: digests });
const time = z.string().optional().catch(undefined);

/** What is shown of SLSA v1, and of v0.2, which BuildKit writes by default. */
const predicateSchema = z.object({
  buildDefinition: z
    .object({
      buildType: z.string(),
      resolvedDependencies: z.array(z.unknown()).optional(),
    })
    .optional()
    .catch(undefined),
  runDetails: z
    .object({
      builder: z.object({ id: z.string() }),
      metadata: z.object({ invocationId: time, startedOn: time, finishedOn: time }).optional(),
    })
    .optional()
    .catch(undefined),
  builder: z.object({ id: z.string() }).optional().catch(undefined),
  buildType: time,
  materials: z.array(z.unknown()).optional().catch(undefined),
  metadata: z
    .object({ buildInvocationID: time, buildStartedOn: time, buildFinishedOn: time })
    .optional()
    .catch(undefined),
});

/** A statement that is attached to an image. */
export interface AttachedStatement {
  readonly predicateType: string;
  readonly manifest: Digest;
  readonly form: 'referrer' | 'list';
  readonly bytes: Buffer;
}

/** All statements about an image of a list: its attachments in the list, and what is attached to it beside the list. */
export async function readStatements(
  blobs: BlobStore,
  { attachments, attached = [] }: Pick<StoredList, 'attachments' | 'attached'>,
  image: Pick<StoredImage, 'digest'>,
): Promise<AttachedStatement[]> {
  const inList = attachments.filter(({ descriptor, subject }) => describes(descriptor, subject, image.digest));
  const beside = attached.filter(
    (each) => each.attached.role === 'attestations' && each.attached.subject === image.digest,
  );
  const read = async (manifest: StoredManifest, form: AttachedStatement['form']): Promise<AttachedStatement[]> => {
    const statements: AttachedStatement[] = [];
    for (const { mediaType, annotations = {}, digest, size } of manifest.layers) {
      if (mediaType === statementMediaType && size <= maxStatementBytes) {
        const bytes = await blobs.readWhole(digest, maxStatementBytes);
        const predicateType = fieldText(annotations[predicateAnnotation]) ?? 'unknown';
        statements.push({ predicateType, manifest: manifest.digest, form, bytes });
      }
    }
    return statements;
  };
  const all = await Promise.all([
    ...beside.map((manifest) => read(manifest, 'referrer')),
    ...inList.map((manifest) => read(manifest, 'list')),
  ]);
  return all.flat();
}

/** @param image whose statements they should be */
export function describeProvenance(statements: readonly AttachedStatement[], image: Digest): Provenance['statements'] {
  return statements
    .filter(({ predicateType }) => predicateType.startsWith('https://slsa.dev/provenance/'))
    .flatMap(({ bytes, ...where }) => {
      const statement = parseJson(bytes);
      return statement === undefined
        ? []
        : [
            {
              ...where,
              ...(isAbout(statement, image) ? {} : { isOther: true }),
              summary: summaryOf(statement),
              statement,
            },
          ];
    });
}

const subjectsSchema = z.object({ subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })) });

/** Whether a statement names an image: who attaches it may attach that of another one. */
function isAbout(statement: unknown, image: Digest): boolean {
  const { data } = subjectsSchema.safeParse(statement);
  return data?.subject.some(({ digest }) => `sha256:${digest.sha256}` === image) ?? false;
}

/** By the kinds of builds that they write. Source: the predicates of BuildKit's provenance. */
const programs: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: 'Barnraiser', pattern: /^https:\/\/barnraiser\.dev\// },
  { name: 'BuildKit', pattern: /(?:^https:\/\/mobyproject\.org\/buildkit@|^https:\/\/github\.com\/moby\/buildkit\/)/ },
];

function summaryOf(statement: unknown): ProvenanceSummary {
  const parsed = z.object({ predicate: predicateSchema }).safeParse(statement);
  if (!parsed.success) {
    return { dependencies: [] };
  }
  const { buildDefinition, runDetails, ...old } = parsed.data.predicate;
  const dependencies = buildDefinition?.resolvedDependencies ?? old.materials ?? [];
  const buildType = buildDefinition?.buildType ?? old.buildType;
  return withoutMissing({
    program: programs.find(({ pattern }) => pattern.test(buildType ?? ''))?.name,
    builder: fieldText(runDetails?.builder.id ?? old.builder?.id),
    buildType: fieldText(buildType),
    invocation: fieldText(runDetails?.metadata?.invocationId ?? old.metadata?.buildInvocationID),
    startedAt: fieldText(runDetails?.metadata?.startedOn ?? old.metadata?.buildStartedOn),
    finishedAt: fieldText(runDetails?.metadata?.finishedOn ?? old.metadata?.buildFinishedOn),
    dependencies: dependencies.slice(0, maxDependencies).flatMap((each) => {
      const { success, data } = dependency.safeParse(each);
      const uri = success ? fieldText(data.uri ?? data.name, 1000) : undefined;
      const [first] = Object.entries((success && data.digest) || {});
      const digest = first && fieldText(`${first[0]}:${first[1]}`);
      return uri === undefined ? [] : [{ uri, ...(digest === undefined ? {} : { digest }) }];
    }),
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
