import * as v from 'valibot';
import type { MailAccount } from '#store/types.ts';
import type { Target } from '#vault/keeper.ts';
import { malformed } from './problems.ts';
import { readSecretForm, type Secrets } from './secret-form.ts';
import { Login, Server } from './sign-in-form.ts';

/** Forms of `/auth/accounts`; what each field says stands in jmap/auth/accounts.ts. */

const colours = ['patina', 'slate', 'plum', 'clay', 'moss', 'ochre', 'rose', 'iris'] as const;

const Name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1),
  v.maxLength(100),
  v.regex(/^\P{Cc}*$/u, 'has no control characters'),
);
const Colour = v.picklist(colours);

const AddForm = v.object({
  address: v.pipe(v.string(), v.trim(), v.maxLength(320)),
  imap: v.optional(Server),
  smtp: v.optional(Server),
  smtpUsername: v.optional(Login),
  name: v.optional(Name),
  colour: v.optional(Colour),
  inAllInboxes: v.optional(v.boolean()),
  anyway: v.optional(v.boolean(), false),
});
export type AddForm = v.InferOutput<typeof AddForm>;

const RenewForm = v.object({
  address: v.pipe(v.string(), v.trim(), v.maxLength(320)),
  imap: v.optional(Server),
  smtp: v.optional(Server),
  only: v.optional(v.literal('smtp')),
});
export type RenewForm = v.InferOutput<typeof RenewForm>;

const isTime = v.check<string, string>((text) => !Number.isNaN(Date.parse(text)), 'is no time in ISO 8601');

export const PatchForm = v.strictObject({
  name: v.optional(Name),
  colour: v.optional(Colour),
  inAllInboxes: v.optional(v.boolean()),
  position: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000))),
  identity: v.optional(v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(100)))),
  away: v.optional(v.picklist(['sealed', 'ticket', 'resident'])),
  awayUntil: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(40), isTime))),
  changesSeen: v.optional(v.literal(true)),
});
export type PatchForm = v.InferOutput<typeof PatchForm>;

/** The first colour that none of these has. */
export const freeColour = (taken: readonly string[]): (typeof colours)[number] =>
  colours.find((colour) => !taken.includes(colour)) ?? colours[taken.length % colours.length] ?? 'patina';

const read =
  <F extends v.GenericSchema<unknown, { address: string }>>(schema: F) =>
  async (request: Request, jsonAllowed: boolean): Promise<{ form: v.InferOutput<F>; secrets: Secrets }> => {
    const { form, secrets } = await readSecretForm(request, schema, jsonAllowed, ({ address }) => address);
    if (!secrets) throw malformed('password: a text is expected.');
    return { form, secrets };
  };

export const readAdd = read(AddForm);
export const readRenew = read(RenewForm);

/** What is kept to sign in at the servers. */
export type Auth = Pick<MailAccount, 'auth' | 'authId'>;

/** A further account that its servers have let in. */
export interface Proven {
  address: string;
  imap: Target;
  smtp: Target;
  form: Pick<AddForm, 'name' | 'colour' | 'inAllInboxes'>;
  admission: string;
  /** SMTP's own, if it has one. */
  sending: string | null;
  auth: Auth;
}
