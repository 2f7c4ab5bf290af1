/** SBOMs in the format SPDX 2.3. Source: the SPDX specification 2.3, and its JSON schema. */
import { createHash } from 'node:crypto';
import { formatReference } from '../../../shared/image.ts';
import type { ImagePackage } from '../../../shared/packages.ts';
import { isLicenceExpression } from './licence.ts';
import { imageUrl, packageUrl } from './package-url.ts';
import { contentId, incompleteText, type SbomInput, timeText } from './sbom-input.ts';

const unknown = 'NOASSERTION';
const imageId = 'SPDXRef-Image';

/** A licence that is no expression of SPDX is defined by the document. */
interface OwnLicence {
  readonly licenseId: string;
  readonly extractedText: string;
}

export function spdxDocument(input: SbomInput): object {
  const { reference, image, created, version } = input;
  const name = formatReference(reference);
  const licences = new Map<string, OwnLicence>();
  const packages = image.packages.map((each, index) =>
    spdxPackage(each, `SPDXRef-Package-${index + 1}`, input, licences),
  );
  const comment = incompleteText(image);
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${name} ${image.platform}`,
    documentNamespace: `urn:uuid:${contentId(input, 'spdx')}`,
    creationInfo: { created: timeText(created), creators: [`Tool: barnraiser-${version}`] },
    ...(comment === undefined ? {} : { comment }),
    documentDescribes: [imageId],
    packages: [
      {
        SPDXID: imageId,
        name,
        versionInfo: image.digest,
        downloadLocation: unknown,
        filesAnalyzed: false,
        licenseConcluded: unknown,
        licenseDeclared: unknown,
        copyrightText: unknown,
        primaryPackagePurpose: 'CONTAINER',
        checksums: [{ algorithm: 'SHA256', checksumValue: image.digest.slice('sha256:'.length) }],
        externalRefs: [packageReference(imageUrl(reference, image.digest, image.platform))],
      },
      ...packages,
    ],
    ...(licences.size === 0 ? {} : { hasExtractedLicensingInfos: [...licences.values()] }),
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: imageId },
      ...packages.map(({ SPDXID }) => ({
        spdxElementId: imageId,
        relationshipType: 'CONTAINS',
        relatedSpdxElement: SPDXID,
      })),
    ],
  };
}

function spdxPackage(each: ImagePackage, SPDXID: string, { image }: SbomInput, licences: Map<string, OwnLicence>) {
  const { name, version, supplier, homepage, path } = each;
  return {
    SPDXID,
    name,
    ...(version === undefined ? {} : { versionInfo: version }),
    supplier: supplier === undefined ? unknown : `Organization: ${supplier}`,
    downloadLocation: unknown,
    filesAnalyzed: false,
    ...(homepage !== undefined && isUrl(homepage) ? { homepage } : {}),
    sourceInfo: `named by ${path}`,
    licenseConcluded: unknown,
    licenseDeclared: licenceOf(each, licences),
    copyrightText: unknown,
    externalRefs: [packageReference(packageUrl(each, image.release))],
  };
}

function packageReference(referenceLocator: string) {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator };
}

function licenceOf({ licence }: ImagePackage, licences: Map<string, OwnLicence>): string {
  if (licence === undefined) {
    return unknown;
  }
  if (isLicenceExpression(licence)) {
    return licence;
  }
  const licenseId = `LicenseRef-${createHash('sha256').update(licence).digest('hex').slice(0, 16)}`;
  licences.set(licenseId, { licenseId, extractedText: licence });
  return licenseId;
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text);
}
