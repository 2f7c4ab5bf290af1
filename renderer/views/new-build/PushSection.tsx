import { Checkbox } from '../../parts/Checkbox.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { TextArea } from '../../parts/TextArea.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { checkDestination } from '../push/destination.ts';
import { DirectLimits } from './DirectLimits.tsx';
import { moreProblem, type PushDraft } from './draft.ts';
import styles from './NewBuild.module.css';

interface PushSectionProps {
  readonly push: PushDraft;
  readonly onChange: (change: Partial<PushDraft>) => void;
}

/** Whether the image is pushed when it is built, and where. */
export function PushSection({ push, onChange }: PushSectionProps) {
  const checked = checkDestination(push.destination);
  return (
    <section className={styles.section} aria-label="Push">
      <Checkbox
        label="Push when done"
        description="Layers are sent to the registry while others are still being built. Nothing gets the tag before all platforms are done."
        checked={push.isOn}
        onChange={(isOn) => onChange({ isOn })}
      />
      {push.isOn && (
        <>
          <TextField
            label="Destination"
            mono
            value={push.destination}
            onChange={(destination) => onChange({ destination })}
            placeholder="registry.example.com/team/api:1.4"
            error={checked.kind === 'invalid' && push.destination !== '' ? checked.problem : undefined}
            description={
              checked.kind === 'valid' && checked.text !== push.destination.trim()
                ? `Will be pushed as ${checked.text}.`
                : 'Signs in with the login that podman or docker has saved.'
            }
          />
          {!push.direct && (
            <TextArea
              label="Further destinations"
              optional
              value={push.more ?? ''}
              onChange={(more) => onChange({ more })}
              placeholder="eu.registry.example.com/team/api:1.4"
              description="One a line. In each registry, tags are set when everything is there."
              error={moreProblem(push)}
            />
          )}
          <Switch
            label="Allow HTTP or unverified TLS"
            description="For your own registry without a trusted certificate."
            checked={push.insecure}
            onChange={(insecure) => onChange({ insecure })}
          />
          <Switch
            label="Push from the nodes"
            description="Each node sends its image to the registry itself, with your login. The image is not stored on this computer, and only its base image is checked for the right platform."
            checked={push.direct}
            onChange={(direct) => onChange({ direct })}
          />
          {push.direct && checked.kind === 'valid' && (
            <DirectLimits destination={checked.text} tlsVerify={!push.insecure} />
          )}
        </>
      )}
    </section>
  );
}
