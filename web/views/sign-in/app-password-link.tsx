import type { FoundSettings } from '#jmap/auth/discovery.ts';
import { WhichPassword } from '../servers/which-password.tsx';

/** Beside the password: where only an app password is taken, the way to one; else which password it is. */
export const AppPasswordLink = ({ provider, onGuide }: { provider: FoundSettings['provider']; onGuide(): void }) =>
  provider?.auth === 'app-password' ? (
    <button type="button" class="link small" onClick={onGuide}>
      {provider.name} wants an app password
    </button>
  ) : (
    <WhichPassword provider={provider} />
  );
