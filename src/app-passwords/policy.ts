import { AppPasswordError } from './errors.ts';
import type { Protocol, Wish } from './types.ts';
import { checkedLabel, checkedNetworks, checkedProtocols } from './checked.ts';

/** What the operator allows. */
export interface Policy {
  /** Living ones a user may have; 0: any number. */
  most: number;
  /** The longest life in ms; 0: for ever. */
  longest: number;
  protocols: readonly Protocol[];
  /** Lower case; empty: every domain. */
  domains: readonly string[];
  /** What happens to app passwords when the main password changes. */
  onMainChange: 'keep' | 'ask' | 'drop';
}

/** The wish with every default filled in, as far as the policy lets it. */
export type GrantedWish = Required<Wish>;

/**
 * An expiry that is left open becomes the longest the policy allows.
 * @throws AppPasswordError `app-password/label`, `/protocols`, `/networks`, `/expiry`
 */
export const granted = (wish: Wish, policy: Policy, now: number): GrantedWish => {
  const latest = policy.longest > 0 ? now + policy.longest : null;
  const expires = wish.expires ?? latest;
  if (expires !== null && !(Number.isSafeInteger(expires) && expires > now))
    throw new AppPasswordError('app-password/expiry', 'the expiry is not in the future');
  if (latest !== null && expires !== null && expires > latest)
    throw new AppPasswordError(
      'app-password/expiry',
      `it may live ${Math.floor(policy.longest / 86_400_000)} days at most`,
    );
  return {
    label: checkedLabel(wish.label),
    program: wish.program,
    protocols: checkedProtocols(wish.protocols, policy.protocols),
    networks: checkedNetworks(wish.networks ?? []),
    expires,
  };
};
