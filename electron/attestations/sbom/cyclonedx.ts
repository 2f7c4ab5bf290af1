/** SBOMs in the format CycloneDX 1.6. Source: its specification and JSON schema. */
import spdxIds from 'spdx-license-ids/index.json' with { type: 'json' };
import { formatReference } from '../../../shared/image.ts';
import type { ImagePackage } from '../../../shared/packages.ts';
import { isLicenceExpression } from './licence.ts';
import { imageUrl, packageUrl } from './package-url.ts';
import { contentId, incompleteText, type SbomInput, timeText } from './sbom-input.ts';

const licenceIds: ReadonlySet<string> = new Set(spdxIds);

export function cyclonedxDocument(input: SbomInput): object {
  const { reference, image, created, version } = input;
  const url = imageUrl(reference, image.digest, image.platform);
  const comment = incompleteText(image);
  const components = image.packages.map((each) => componentOf(each, input));
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${contentId(input, 'cyclonedx')}`,
    version: 1,
    metadata: {
      timestamp: timeText(created),
      tools: { components: [{ type: 'application', name: 'barnraiser', version }] },
      component: {
        type: 'container',
        'bom-ref': url,
        name: formatReference(reference),
        version: image.digest,
        hashes: [{ alg: 'SHA-256', content: image.digest.slice('sha256:'.length) }],
        purl: url,
      },
      properties: [
        { name: 'barnraiser:platform', value: image.platform },
        ...(comment === undefined ? [] : [{ name: 'barnraiser:incomplete', value: comment }]),
      ],
    },
    components,
    dependencies: [{ ref: url, dependsOn: [...new Set(components.map((component) => component['bom-ref']))].sort() }],
  };
}

function componentOf({ path, ...each }: ImagePackage, { image }: SbomInput) {
  const { kind, name, version, licence, supplier, homepage } = each;
  const purl = packageUrl(each, image.release);
  const slash = kind === 'npm' ? name.lastIndexOf('/') : -1;
  return {
    type: 'library',
    'bom-ref': purl,
    ...(supplier === undefined ? {} : { supplier: { name: supplier } }),
    ...(slash < 0 ? {} : { group: name.slice(0, slash) }),
    name: name.slice(slash + 1),
    ...(version === undefined ? {} : { version }),
    ...(licence === undefined ? {} : { licenses: [licenceOf(licence)] }),
    purl,
    ...(homepage !== undefined && /^https?:/.test(homepage) && URL.canParse(homepage)
      ? { externalReferences: [{ type: 'website', url: new URL(homepage).href }] }
      : {}),
    properties: [{ name: 'barnraiser:path', value: path }],
  };
}

function licenceOf(licence: string): object {
  if (licenceIds.has(licence)) {
    return { license: { id: licence } };
  }
  return isLicenceExpression(licence) ? { expression: licence } : { license: { name: licence } };
}
