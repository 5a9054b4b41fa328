import type { Policy } from './policy.ts';
import { protocols } from './types.ts';

/** An operator who leaves everything open. */
export const openPolicy: Policy = { most: 25, longest: 0, protocols, domains: [], onMainChange: 'keep' };
