import type { ComponentType } from 'react';
import type { OptionKind } from '../../../../shared/build-options.ts';
import { SecretsFields } from './SecretsFields.tsx';
import { SshFields } from './SshFields.tsx';
import type { SourceFieldsProps } from './source-rows.ts';

/** Controls of kinds that are more than text. */
export const kindFields: Readonly<Partial<Record<OptionKind, ComponentType<SourceFieldsProps>>>> = {
  secrets: SecretsFields,
  ssh: SshFields,
};
