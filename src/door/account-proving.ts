import type { Config } from '#config/config.ts';
import { openReach, type Reach } from '#config/servers.ts';
import type { FoundSettings } from '#jmap/auth/discovery.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { MailAccount } from '#store/types.ts';
import { type VaultCode, VaultError } from '#vault/errors.ts';
import type { Admission, IncomingSecret, Keeper, MailProtocol, Target } from '#vault/keeper.ts';
import { serverFacts } from './accounts.ts';
import { DoorError } from './problems.ts';
import { admit, checkPlain, type Servers, target } from './servers.ts';
import type { Secrets } from './secret-form.ts';
import type { ServerForm } from './sign-in-form.ts';
import { asDoorError } from './words.ts';

/** The same problem, saying which of an account's servers it is about. */
const about = (protocol: MailProtocol, error: unknown): unknown => {
  if (!(error instanceof DoorError)) return error;
  const { type: _type, status: _status, title, detail, ...more } = error.document;
  const name = error.code.slice('door/'.length) as ConstructorParameters<typeof DoorError>[0];
  return new DoorError(name, title, detail, { ...more, protocol }, { cause: error });
};

/** Proves passwords of accounts at their servers, each error told with the server it is about. */
export class Prover {
  readonly #keeper: Keeper;
  readonly #reach: Reach;

  constructor(keeper: Keeper, config: Pick<Config, 'allowedServers' | 'privateServers'>) {
    this.#keeper = keeper;
    this.#reach = openReach(config.allowedServers, config.privateServers);
  }

  /** A server as it was named for an account that has others. @throws DoorError `no-tls` */
  named(protocol: MailProtocol, form: ServerForm, account: MailAccount): Target {
    const named = target(protocol, form, account[protocol].username);
    try {
      checkPlain(this.#reach, named);
    } catch (error) {
      throw about(protocol, error);
    }
    return named;
  }

  async imap(servers: Servers, secrets: Secrets, from: string): Promise<{ servers: Servers; admission: Admission }> {
    try {
      return await admit(this.#keeper, servers, secrets, null, from);
    } catch (error) {
      throw about('imap', error);
    }
  }

  async smtp(smtp: Target, secret: IncomingSecret, provider: FoundSettings['provider']): Promise<Admission> {
    try {
      return await this.#keeper.admit(smtp, secret);
    } catch (error) {
      throw about('smtp', asDoorError(error, { server: serverFacts(smtp), provider, sends: true }));
    }
  }
}

/** What kept a server from letting us in, in words. */
export const troubleOf = (server: Target, code: string, words: string | null): ProblemDocument => {
  const where = { server: serverFacts(server), provider: null, sends: server.protocol === 'smtp' };
  const { document } = asDoorError(new VaultError(code as VaultCode, code, { words }), where);
  if (document.status < 500 || document.server) return { ...document, protocol: server.protocol };
  const { document: away } = asDoorError(new VaultError('net/unreachable', code, { words }), where);
  return { ...away, protocol: server.protocol };
};
