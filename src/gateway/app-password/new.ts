import type { AppPasswordProtocol } from '#jmap/app-password.ts';
import type { PatchObject } from '#jmap/core.ts';
import { programs, protocols, type Wish } from '#app-passwords/types.ts';
import { bool, list, nullable, oneOf, text, utc } from '../check.ts';
import { invalidProperties } from '../errors.ts';
import { onlyProperties, property } from '../set.ts';

const program = oneOf(...programs.filter((name) => name !== 'postern'));
const protocolList = list(oneOf<AppPasswordProtocol>(...protocols));

/** The wish of a create. @throws SetFailure invalidProperties */
export const wishOf = (given: Readonly<Record<string, unknown>>): Wish => {
  onlyProperties(given, ['name', 'program', 'protocols', 'networks', 'expiresAt']);
  const expiresAt = property(nullable(utc), given['expiresAt'] ?? null, 'expiresAt');
  return {
    label: property(text, given['name'], 'name'),
    program: property(program, given['program'], 'program'),
    protocols: property(protocolList, given['protocols'], 'protocols'),
    networks: property(list(text), given['networks'] ?? [], 'networks'),
    expires: expiresAt === null ? null : Date.parse(expiresAt),
  };
};

export type Step = { do: 'rename'; name: string } | { do: 'pause' } | { do: 'resume' } | { do: 'rotate' };

const stepOf = (key: string, value: unknown): Step | null => {
  switch (key) {
    case 'name':
      return { do: 'rename', name: property(text, value, 'name') };
    case 'state':
      return property(oneOf('active', 'paused'), value, 'state') === 'paused' ? { do: 'pause' } : { do: 'resume' };
    case 'rotate':
      return property(bool, value, 'rotate') ? { do: 'rotate' } : null;
    default:
      throw invalidProperties([key], 'Only name, state and rotate can be set.');
  }
};

/** What an update asks for. @throws SetFailure invalidProperties: each change has an end of its own, so that one is asked at a time */
export const stepOfPatch = (patch: PatchObject): Step => {
  const steps = Object.entries(patch).flatMap(([key, value]) => stepOf(key, value) ?? []);
  const [step] = steps;
  if (!step || steps.length > 1)
    throw invalidProperties(Object.keys(patch), 'One of name, state and rotate at a time.');
  return step;
};
