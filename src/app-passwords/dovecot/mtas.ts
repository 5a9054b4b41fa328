import type { DovecotWish } from './wish.ts';

const told = {
  postfix: (socket: string) =>
    [
      'Postfix, in main.cf:',
      '  smtpd_sasl_auth_enable = yes',
      '  smtpd_sasl_type = dovecot',
      `  smtpd_sasl_path = ${socket.replace('/var/spool/postfix/', '')}`,
      '  smtpd_tls_auth_only = yes',
    ] as const,
  exim: (socket: string) =>
    [
      'Exim (in Debian exim4-daemon-heavy, the light one cannot), among the authenticators:',
      '  dovecot_plain:',
      '    driver = dovecot',
      '    public_name = PLAIN',
      `    server_socket = ${socket}`,
      '    server_set_id = $auth1',
      '    server_advertise_condition = ${if def:tls_in_cipher}',
    ] as const,
};

/** They ask as the service `smtp`, for which an app password must allow submission. */
export const mtas = (wish: DovecotWish): string => {
  if (wish.mtas.length === 0) return '';
  const listeners = wish.mtas.map(
    ({ kind, socket, owner }) =>
      `${told[kind](socket)
        .map((line) => `  # ${line}`)
        .join('\n')}\n  unix_listener ${socket} {\n    mode = 0600\n    user = ${owner}\n  }`,
  );
  return `\n# Mail servers that ask Dovecot. For them an app password must allow submission.\nservice auth {\n${listeners.join('\n')}\n}\n`;
};
