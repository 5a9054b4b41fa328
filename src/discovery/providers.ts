import type { ServerAddress } from '#config/servers.ts';
import { appPasswordSteps } from './app-password-steps.ts';

/** What is known of a mail provider, from its own published settings. */
export interface Provider {
  id: string;
  name: string;
  domains: readonly string[];
  /** Ends of MX host names that lead here: how a domain of one's own is recognised. */
  mx: readonly string[];
  /** null: the provider has no IMAP that a server could reach; `note` says what there is. */
  imap: ServerAddress | null;
  smtp: ServerAddress | null;
  /** What the login is made of. */
  user: 'address' | 'local';
  /** `app-password`: the ordinary password is refused; `oauth`: no password is accepted. */
  auth: 'password' | 'app-password' | 'oauth';
  /** Where the user makes an app password. */
  appPasswordUrl: string | null;
  /** Where the user first has to switch IMAP on. */
  enableUrl: string | null;
  note: string | null;
  /** How an app password is made. */
  steps: readonly string[];
  /** The OAuth2 issuer whose tokens the servers take; null: none is known. */
  issuer: string | null;
}

const tls = (text: string, port: number): ServerAddress => {
  const [host = '', digits, security] = text.split(':');
  return {
    host,
    port: digits === undefined ? port : Number(digits),
    security: security === 'starttls' ? 'starttls' : 'tls',
  };
};

type More = Partial<Omit<Provider, 'id' | 'name' | 'domains' | 'imap' | 'smtp' | 'steps'>>;

/** IMAP on 993 and SMTP on 465 with TLS from the first byte, unless the text says another port and `starttls`. */
const provider = (
  id: string,
  name: string,
  domains: string,
  imap: string,
  smtp: string,
  more: More = {},
): Provider => ({
  id,
  name,
  domains: domains === '' ? [] : domains.split(' '),
  mx: [],
  imap: imap === '' ? null : tls(imap, 993),
  smtp: smtp === '' ? null : tls(smtp, 465),
  user: 'address',
  auth: 'password',
  appPasswordUrl: null,
  enableUrl: null,
  note: null,
  steps: appPasswordSteps(id),
  issuer: null,
  ...more,
});

const outlookDomains =
  'outlook.com hotmail.com live.com msn.com passport.com windowslive.com outlook.de outlook.fr outlook.es outlook.it outlook.at outlook.be outlook.dk outlook.ie outlook.pt outlook.jp outlook.com.br hotmail.co.uk hotmail.de hotmail.fr hotmail.it hotmail.es hotmail.be hotmail.nl hotmail.se hotmail.ch hotmail.ca live.co.uk live.de live.fr live.it live.nl live.be live.se live.ca live.dk live.at live.ie';
const yahooDomains =
  'yahoo.com ymail.com rocketmail.com myyahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.ca yahoo.ie yahoo.se yahoo.no yahoo.dk yahoo.pl yahoo.ro yahoo.gr yahoo.in yahoo.co.in yahoo.com.br yahoo.com.ar yahoo.com.mx yahoo.com.au yahoo.com.sg yahoo.com.ph yahoo.com.vn yahoo.co.id yahoo.co.nz yahoo.co.za';

const google = {
  auth: 'app-password',
  appPasswordUrl: 'https://myaccount.google.com/apppasswords',
  mx: ['.google.com', '.googlemail.com'],
  issuer: 'https://accounts.google.com',
} satisfies More;
const microsoft = 'https://login.microsoftonline.com/common/v2.0';
const microsoftNote = 'Microsoft accepts no passwords from mail programs, only its own sign-in.';
const yahooApp = 'https://login.yahoo.com/myaccount/security/app-password';

export const providers: readonly Provider[] = [
  provider('gmail', 'Gmail', 'gmail.com googlemail.com', 'imap.gmail.com', 'smtp.gmail.com', google),
  provider('outlook', 'Outlook.com', outlookDomains, 'outlook.office365.com', 'smtp-mail.outlook.com:587:starttls', {
    auth: 'oauth',
    note: microsoftNote,
    mx: ['.olc.protection.outlook.com'],
    issuer: microsoft,
  }),
  provider('microsoft365', 'Microsoft 365', '', 'outlook.office365.com', 'smtp.office365.com:587:starttls', {
    auth: 'oauth',
    note: microsoftNote,
    mx: ['.mail.protection.outlook.com', '.mx.microsoft'],
    issuer: microsoft,
  }),
  provider('yahoo', 'Yahoo', yahooDomains, 'imap.mail.yahoo.com', 'smtp.mail.yahoo.com', {
    auth: 'app-password',
    appPasswordUrl: yahooApp,
    mx: ['.yahoodns.net'],
    issuer: 'https://api.login.yahoo.com',
  }),
  provider('yahoo-jp', 'Yahoo! JAPAN', 'yahoo.co.jp ybb.ne.jp', 'imap.mail.yahoo.co.jp', 'smtp.mail.yahoo.co.jp', {
    user: 'local',
  }),
  provider(
    'att',
    'AT&T',
    'att.net sbcglobal.net bellsouth.net pacbell.net ameritech.net swbell.net',
    'imap.mail.att.net',
    'smtp.mail.att.net',
    { auth: 'app-password' },
  ),
  provider('sky', 'Sky', 'sky.com', 'imap.tools.sky.com', 'smtp.tools.sky.com', { auth: 'app-password' }),
  provider('aol', 'AOL', 'aol.com aim.com verizon.net aol.de aol.fr aol.co.uk', 'imap.aol.com', 'smtp.aol.com', {
    auth: 'app-password',
    appPasswordUrl: 'https://login.aol.com/myaccount/security/app-password',
    issuer: 'https://api.login.aol.com',
  }),
  provider('icloud', 'iCloud', 'icloud.com me.com mac.com', 'imap.mail.me.com', 'smtp.mail.me.com:587:starttls', {
    auth: 'app-password',
    appPasswordUrl: 'https://account.apple.com/account/manage',
    mx: ['.mail.icloud.com'],
  }),
  provider(
    'fastmail',
    'Fastmail',
    'fastmail.com fastmail.fm fastmail.net fastmail.org fastmail.de fastmail.co.uk sent.com mailhaven.com',
    'imap.fastmail.com',
    'smtp.fastmail.com',
    {
      auth: 'app-password',
      appPasswordUrl: 'https://app.fastmail.com/settings/security/apps',
      mx: ['.messagingengine.com'],
      issuer: 'https://api.fastmail.com',
    },
  ),
  provider('proton', 'Proton Mail', 'proton.me protonmail.com protonmail.ch pm.me', '', '', {
    note: 'Proton Mail is read through Proton Bridge, which runs on your own computer. A server cannot reach it.',
    mx: ['.protonmail.ch'],
  }),
  provider('tuta', 'Tuta', 'tuta.com tuta.io tutanota.com tutanota.de tutamail.com keemail.me', '', '', {
    note: 'Tuta has no IMAP: only its own programs can read the mail there.',
    mx: ['.tutanota.de'],
  }),
  provider('gmx', 'GMX', 'gmx.de gmx.net gmx.at gmx.ch gmx.eu gmx.org', 'imap.gmx.net', 'mail.gmx.net', {
    enableUrl: 'https://hilfe.gmx.net/pop-imap/einschalten.html',
    mx: ['.gmx.net'],
  }),
  provider('gmx-com', 'GMX', 'gmx.com gmx.us gmx.co.uk gmx.fr gmx.es gmx.it', 'imap.gmx.com', 'mail.gmx.com', {
    enableUrl: 'https://support.gmx.com/pop-imap/toggle.html',
  }),
  provider('web-de', 'WEB.DE', 'web.de email.de', 'imap.web.de', 'smtp.web.de:587:starttls', {
    enableUrl: 'https://hilfe.web.de/pop-imap/einschalten.html',
  }),
  provider(
    'mail-com',
    'mail.com',
    'mail.com email.com usa.com post.com consultant.com europe.com engineer.com',
    'imap.mail.com',
    'smtp.mail.com',
    { enableUrl: 'https://support.mail.com/premium/imap/index.html' },
  ),
  provider('ionos', 'IONOS', '', 'imap.ionos.de', 'smtp.ionos.de', { mx: ['.kundenserver.de', '.ionos.de'] }),
  provider('t-online', 'T-Online', 't-online.de magenta.de', 'secureimap.t-online.de', 'securesmtp.t-online.de', {
    auth: 'app-password',
  }),
  provider(
    'posteo',
    'Posteo',
    'posteo.de posteo.net posteo.eu posteo.org posteo.at posteo.ch posteo.us',
    'posteo.de',
    'posteo.de',
  ),
  provider('mailbox-org', 'mailbox.org', 'mailbox.org', 'imap.mailbox.org', 'smtp.mailbox.org', {
    mx: ['.mailbox.org'],
  }),
  provider('strato', 'Strato', '', 'imap.strato.de', 'smtp.strato.de', { mx: ['.rzone.de'] }),
  provider('freenet', 'freenet', 'freenet.de', 'mx.freenet.de', 'mx.freenet.de'),
  provider('zoho', 'Zoho', 'zoho.com zohomail.com', 'imap.zoho.com', 'smtp.zoho.com', { mx: ['.zoho.com'] }),
  provider('zoho-eu', 'Zoho', 'zoho.eu zohomail.eu', 'imap.zoho.eu', 'smtp.zoho.eu', { mx: ['.zoho.eu'] }),
  provider('zoho-in', 'Zoho', 'zoho.in zohomail.in', 'imap.zoho.in', 'smtp.zoho.in', { mx: ['.zoho.in'] }),
  provider('zoho-jp', 'Zoho', 'zoho.jp zohomail.jp', 'imap.zoho.jp', 'smtp.zoho.jp', { mx: ['.zoho.jp'] }),
  provider(
    'yandex',
    'Yandex',
    'yandex.com yandex.ru ya.ru yandex.by yandex.kz narod.ru',
    'imap.yandex.com',
    'smtp.yandex.com',
    {
      auth: 'app-password',
      appPasswordUrl: 'https://id.yandex.com/security/app-passwords',
      mx: ['.yandex.net', '.yandex.ru'],
      issuer: 'https://oauth.yandex.com',
    },
  ),
  provider('mail-ru', 'Mail.ru', 'mail.ru inbox.ru list.ru bk.ru internet.ru', 'imap.mail.ru', 'smtp.mail.ru', {
    auth: 'app-password',
    appPasswordUrl: 'https://account.mail.ru/user/2-step-auth/passwords/',
    mx: ['.mail.ru'],
    issuer: 'https://o2.mail.ru',
  }),
  provider(
    'rambler',
    'Rambler',
    'rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru',
    'imap.rambler.ru',
    'smtp.rambler.ru',
  ),
  provider('ukr-net', 'UKR.NET', 'ukr.net', 'imap.ukr.net', 'smtp.ukr.net', { auth: 'app-password' }),
  provider('qq', 'QQ Mail', 'qq.com foxmail.com vip.qq.com', 'imap.qq.com', 'smtp.qq.com', { auth: 'app-password' }),
  provider('qq-business', 'Tencent Exmail', '', 'imap.exmail.qq.com', 'smtp.exmail.qq.com', {
    mx: ['mxbiz1.qq.com', 'mxbiz2.qq.com'],
  }),
  provider('163', '163 Mail', '163.com', 'imap.163.com', 'smtp.163.com', { auth: 'app-password' }),
  provider('126', '126 Mail', '126.com', 'imap.126.com', 'smtp.126.com', { auth: 'app-password' }),
  provider('yeah', 'Yeah Mail', 'yeah.net', 'imap.yeah.net', 'smtp.yeah.net', { auth: 'app-password' }),
  provider('aliyun', 'Aliyun', 'aliyun.com', 'imap.aliyun.com', 'smtp.aliyun.com'),
  provider('sina', 'Sina', 'sina.com', 'imap.sina.com', 'smtp.sina.com'),
  provider('naver', 'Naver', 'naver.com', 'imap.naver.com', 'smtp.naver.com', { user: 'local', auth: 'app-password' }),
  provider('daum', 'Daum', 'daum.net hanmail.net', 'imap.daum.net', 'smtp.daum.net', {
    user: 'local',
    auth: 'app-password',
  }),
  provider('kakao', 'Kakao', 'kakao.com', 'imap.kakao.com', 'smtp.kakao.com', { user: 'local', auth: 'app-password' }),
  provider('seznam', 'Seznam', 'seznam.cz email.cz post.cz spoluzaci.cz', 'imap.seznam.cz', 'smtp.seznam.cz'),
  provider('centrum', 'Centrum', 'centrum.cz atlas.cz volny.cz', 'imap.centrum.cz', 'smtp.centrum.cz'),
  provider('wp', 'WP', 'wp.pl', 'imap.wp.pl', 'smtp.wp.pl'),
  provider(
    'onet',
    'Onet',
    'onet.pl op.pl vp.pl onet.eu poczta.onet.pl poczta.onet.eu',
    'imap.poczta.onet.pl',
    'smtp.poczta.onet.pl',
  ),
  provider('o2', 'o2', 'o2.pl tlen.pl go2.pl', 'poczta.o2.pl', 'poczta.o2.pl'),
  provider('interia', 'Interia', 'interia.pl interia.eu poczta.fm', 'poczta.interia.pl', 'poczta.interia.pl'),
  provider('libero', 'Libero', 'libero.it inwind.it iol.it blu.it giallo.it', 'imapmail.libero.it', 'smtp.libero.it'),
  provider('virgilio', 'Virgilio', 'virgilio.it', 'in.virgilio.it', 'out.virgilio.it'),
  provider('tiscali', 'Tiscali', 'tiscali.it', 'imap.tiscali.it', 'smtp.tiscali.it'),
  provider('aruba', 'Aruba', 'aruba.it technet.it', 'imaps.aruba.it', 'smtps.aruba.it', { mx: ['.aruba.it'] }),
  provider('orange', 'Orange', 'orange.fr wanadoo.fr', 'imap.orange.fr', 'smtp.orange.fr'),
  provider('free', 'Free', 'free.fr', 'imap.free.fr', 'smtp.free.fr', { user: 'local' }),
  provider('sfr', 'SFR', 'sfr.fr neuf.fr cegetel.net club-internet.fr', 'imap.sfr.fr', 'smtp.sfr.fr'),
  provider('laposte', 'La Poste', 'laposte.net', 'imap.laposte.net', 'smtp.laposte.net', { user: 'local' }),
  provider('bouygues', 'Bouygues Telecom', 'bbox.fr', 'imap.bbox.fr', 'smtp.bbox.fr'),
  provider('mailo', 'Mailo', 'mailo.com mailo.eu netcourrier.com', 'mail.mailo.com', 'mail.mailo.com'),
  provider('ovh', 'OVHcloud', '', 'ssl0.ovh.net', 'ssl0.ovh.net', { mx: ['.mail.ovh.net'] }),
  provider('gandi', 'Gandi', '', 'mail.gandi.net', 'mail.gandi.net', { mx: ['.mail.gandi.net'] }),
  provider(
    'infomaniak',
    'Infomaniak',
    'ik.me ikmail.com etik.com infomaniak.com',
    'mail.infomaniak.com',
    'mail.infomaniak.com',
    { mx: ['.infomaniak.ch'] },
  ),
  provider('bluewin', 'Bluewin', 'bluewin.ch', 'imaps.bluewin.ch', 'smtpauths.bluewin.ch'),
  provider('hetzner', 'Hetzner', '', 'mail.your-server.de', 'mail.your-server.de', { mx: ['.your-server.de'] }),
  provider('migadu', 'Migadu', '', 'imap.migadu.com', 'smtp.migadu.com', { mx: ['.migadu.com'] }),
  provider('mailfence', 'Mailfence', 'mailfence.com', 'imap.mailfence.com', 'smtp.mailfence.com'),
  provider('runbox', 'Runbox', 'runbox.com runbox.no', 'mail.runbox.com', 'mail.runbox.com', { mx: ['.runbox.com'] }),
  provider('rackspace', 'Rackspace', '', 'secure.emailsrvr.com', 'secure.emailsrvr.com', { mx: ['.emailsrvr.com'] }),
  provider('purelymail', 'Purelymail', 'purelymail.com', 'imap.purelymail.com', 'smtp.purelymail.com', {
    mx: ['.purelymail.com'],
  }),
  provider('startmail', 'StartMail', 'startmail.com', 'imap.startmail.com', 'smtp.startmail.com', {
    auth: 'app-password',
    mx: ['.startmail.com'],
  }),
  provider('soverin', 'Soverin', 'soverin.net', 'imap.soverin.net', 'smtp.soverin.net', { mx: ['.soverin.net'] }),
  provider('riseup', 'Riseup', 'riseup.net', 'mail.riseup.net', 'mail.riseup.net', { user: 'local' }),
  provider('dreamhost', 'DreamHost', '', 'imap.dreamhost.com', 'smtp.dreamhost.com', { mx: ['.dreamhost.com'] }),
  provider('privateemail', 'Namecheap Private Email', '', 'mail.privateemail.com', 'mail.privateemail.com', {
    mx: ['.privateemail.com'],
  }),
  provider('godaddy', 'GoDaddy', '', 'imap.secureserver.net', 'smtpout.secureserver.net', {
    mx: ['.secureserver.net'],
  }),
  provider('hostinger', 'Hostinger', '', 'imap.hostinger.com', 'smtp.hostinger.com', { mx: ['.hostinger.com'] }),
  provider('titan', 'Titan', '', 'imap.titan.email', 'smtp.titan.email', { mx: ['.titan.email'] }),
  provider('comcast', 'Xfinity', 'comcast.net', 'imap.comcast.net', 'smtp.comcast.net:587:starttls', {
    enableUrl: 'https://connect.xfinity.com/appsuite/',
    issuer: 'https://oauth.xfinity.com',
  }),
  provider('telenet', 'Telenet', 'telenet.be', 'imap.telenet.be', 'smtp.telenet.be:587:starttls'),
  provider('proximus', 'Proximus', 'proximus.be skynet.be', 'imap.proximus.be', 'smtp.proximus.be'),
  provider('ziggo', 'Ziggo', 'ziggo.nl', 'imap.ziggo.nl', 'smtp.ziggo.nl:587:starttls'),
  provider('kpn', 'KPN', 'kpnmail.nl', 'imap.kpnmail.nl', 'smtp.kpnmail.nl:587:starttls'),
  provider('bt', 'BT', 'btinternet.com btopenworld.com talk21.com', 'mail.btinternet.com', 'mail.btinternet.com'),
  provider(
    'virgin',
    'Virgin Media',
    'virginmedia.com ntlworld.com blueyonder.co.uk',
    'imap.virginmedia.com',
    'smtp.virginmedia.com',
  ),
  provider('uol', 'UOL', 'uol.com.br bol.com.br', 'imap.uol.com.br', 'smtps.uol.com.br'),
];

const byDomain = new Map(
  providers.flatMap((provider) => provider.domains.map((domain) => [domain, provider] as const)),
);

export const providerOfDomain = (domain: string): Provider | null => byDomain.get(domain) ?? null;

/** The provider whose MX a domain uses; the most specific ending wins. */
export const providerOfMx = (hosts: readonly string[]): Provider | null => {
  let best: { provider: Provider; length: number } | null = null;
  for (const provider of providers)
    for (const end of provider.mx)
      if (
        end.length > (best?.length ?? 0) &&
        hosts.some((host) =>
          `.${host.toLowerCase().replace(/\.$/, '')}`.endsWith(end.startsWith('.') ? end : `.${end}`),
        )
      )
        best = { provider, length: end.length };
  return best?.provider ?? null;
};

const byHost = new Map(
  providers.flatMap((provider) => (provider.imap ? [[provider.imap.host, provider] as const] : [])),
);

/** The provider whose IMAP server this is, however it was found. */
export const providerOfHost = (host: string): Provider | null => byHost.get(host) ?? null;
