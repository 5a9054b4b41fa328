import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Capability } from '#jmap/core.ts';
import type { MethodName } from '#jmap/methods.ts';
import type { Desk } from './app-password/desk.ts';
import { type Check, id, shape, Unfit } from './check.ts';
import { MethodFailure } from './errors.ts';
import type { Json } from './json.ts';
import type { Remembered } from './remembered.ts';
import type { Index } from '#index/types.ts';
import type { Caller, OpenAccount } from './types.ts';

/** What a method call knows of its request. */
export interface Context {
  caller: Caller;
  using: ReadonlySet<string>;
  /** Creation id → id, grown by every create of the request – RFC 8620 §5.3 */
  created: Map<string, string>;
  clock: Clock;
  log: Log;
  /** What was written of an account's records before. */
  memories: (index: Index) => Remembered;
  /** What there is to know of app passwords. */
  desk: Desk;
  /**
   * Takes a secret of ASCII into the answer without a string ever holding it: what comes back stands in the JSON, and is overwritten in
   * the finished bytes. The secret is wiped then.
   */
  conceal(secret: Buffer): string;
  /** Runs when the answer is given. */
  whenAnswered(task: () => void): void;
}

/** The same for a method of one account. */
export interface AccountContext extends Context {
  open: OpenAccount;
}

/** One method response. `json` is the text of its arguments; `peek` answers common result references without parsing it. */
export interface Answer {
  json: Json;
  peek?: (path: string) => unknown;
  /** Not worth keeping, or true only now. */
  passing?: boolean;
  /** A further response of the same call – RFC 8621 §7.5 */
  further?: { name: MethodName; json: string };
}

export interface Method {
  readonly name: MethodName;
  readonly capability: Capability;
  /** The answer follows from the request and from what the tide tells of: it may be given again. */
  readonly pure: boolean;
  run(context: Context, given: Record<string, unknown>): Answer | Promise<Answer>;
}

interface Traits {
  /** Refused with accountReadOnly for a caller that may only read. */
  writes?: boolean;
  pure?: boolean;
}

const checked = <A>(check: Check<A>, given: Record<string, unknown>): A => {
  try {
    return check(given, '');
  } catch (error) {
    if (error instanceof Unfit) throw new MethodFailure('invalidArguments', error.message);
    throw error;
  }
};

/** A method of one account: `accountId` is read, found and taken off before `run` sees the arguments. */
export const method = <F extends Record<string, Check<unknown>>>(
  name: MethodName,
  capability: Capability,
  traits: Traits,
  fields: F,
  run: (context: AccountContext, args: ReturnType<ReturnType<typeof shape<F>>>) => Answer | Promise<Answer>,
): Method => {
  const check = shape<F & { accountId: Check<string> }>({ ...fields, accountId: id });
  return {
    name,
    capability,
    pure: traits.pure === true,
    run: (context, given) => {
      const args = checked(check, given);
      const open = context.caller.host.accounts.get(args.accountId as string);
      if (!open) throw new MethodFailure('accountNotFound');
      if (traits.writes && context.caller.readOnly) throw new MethodFailure('accountReadOnly');
      return run({ ...context, open }, args);
    },
  };
};

/** The id a value of a /set names: itself, or what was created under `#name` – RFC 8620 §5.3 */
export const resolveId = (context: Context, value: string): string | undefined =>
  value.startsWith('#') ? context.created.get(value.slice(1)) : value;
