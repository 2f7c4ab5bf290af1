/**
 * What the SPDX specification 2.3 requires of the parts of a document that we write, as a JSON schema that allows nothing else.
 * `BARNRAISER_SPDX_SCHEMA=FILE` also compares with the schema of SPDX itself.
 */
const text = { type: 'string', minLength: 1 };
const id = { type: 'string', pattern: '^SPDXRef-[A-Za-z0-9.-]+$' };
/** NOASSERTION, an expression, or a licence that the document defines. */
const licence = { type: 'string', pattern: '^(NOASSERTION|NONE|[A-Za-z0-9.+() -]+|LicenseRef-[A-Za-z0-9.-]+)$' };

function object(required: Record<string, object>, optional: Record<string, object> = {}): object {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

const purl = object({
  referenceCategory: { const: 'PACKAGE-MANAGER' },
  referenceType: { const: 'purl' },
  referenceLocator: { type: 'string', pattern: '^pkg:[a-z]+/[^ ]+$' },
});

const described = object(
  {
    SPDXID: id,
    name: text,
    downloadLocation: { const: 'NOASSERTION' },
    licenseConcluded: licence,
    licenseDeclared: licence,
    copyrightText: text,
  },
  {
    versionInfo: text,
    supplier: { type: 'string', pattern: '^(NOASSERTION|(Organization|Person): .+)$' },
    filesAnalyzed: { const: false },
    homepage: { type: 'string', pattern: '^https?://' },
    sourceInfo: text,
    primaryPackagePurpose: { enum: ['CONTAINER', 'LIBRARY', 'APPLICATION'] },
    checksums: {
      type: 'array',
      items: object({ algorithm: { const: 'SHA256' }, checksumValue: { type: 'string', pattern: '^[0-9a-f]{64}$' } }),
    },
    externalRefs: { type: 'array', items: purl },
  },
);

export const spdxSchema = object(
  {
    spdxVersion: { const: 'SPDX-2.3' },
    dataLicense: { const: 'CC0-1.0' },
    SPDXID: { const: 'SPDXRef-DOCUMENT' },
    name: text,
    documentNamespace: { type: 'string', pattern: '^[a-z]+:[^#]+$' },
    creationInfo: object({
      created: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' },
      creators: { type: 'array', minItems: 1, items: { type: 'string', pattern: '^(Tool|Person|Organization): .+$' } },
    }),
    packages: { type: 'array', items: described },
    relationships: {
      type: 'array',
      items: object({
        spdxElementId: id,
        relationshipType: { enum: ['DESCRIBES', 'CONTAINS'] },
        relatedSpdxElement: id,
      }),
    },
  },
  {
    comment: text,
    documentDescribes: { type: 'array', items: id },
    hasExtractedLicensingInfos: {
      type: 'array',
      items: object({ licenseId: { type: 'string', pattern: '^LicenseRef-[A-Za-z0-9.-]+$' }, extractedText: text }),
    },
  },
);
