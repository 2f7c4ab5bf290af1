import type { Builder, EngineOutput } from '../engines/engine.ts';
import { errorWithoutSecrets, secretsOf, withoutSecrets } from '../system/login-secrets.ts';

/**
 * Builds, and hides the logins that the engine gets in what it says: registries may repeat them in their errors. What steps print
 * stays as it is.
 */
export async function buildHidingLogins(
  builder: Builder,
  ...[build, onOutput, signal]: Parameters<Builder['build']>
): ReturnType<Builder['build']> {
  const { logins, delivery } = build;
  const own = delivery?.kind === 'push' && delivery.target.credentials;
  const secrets = [...logins.flatMap(({ credentials }) => secretsOf(credentials)), ...(own ? secretsOf(own) : [])];
  const hide = (output: EngineOutput): EngineOutput => {
    switch (output.kind) {
      case 'log':
        return output.stream === 'engine' ? { ...output, text: withoutSecrets(output.text, secrets) } : output;
      case 'warning':
        return { ...output, text: withoutSecrets(output.text, secrets) };
      case 'step-ended':
        return output.error === undefined ? output : { ...output, error: withoutSecrets(output.error, secrets) };
      default:
        return output;
    }
  };
  const onHidden = secrets.length === 0 ? onOutput : (output: EngineOutput): void => onOutput(hide(output));
  try {
    return await builder.build(build, onHidden, signal);
  } catch (error) {
    throw errorWithoutSecrets(error, secrets);
  }
}
