import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Messages that no program should send and some do, by name. */
export type BrokenMail = readonly (readonly [name: string, raw: Buffer])[];

const crlf = (text: string): string => text.replaceAll(/\r?\n/g, '\r\n');

/** A message of header fields and a body; header text is UTF-8, line ends are CRLF. */
const mail = (fields: readonly string[], body = 'Text.\n', subject = true): string =>
  crlf([...(subject ? ['From: Bob <bob@village.test>', 'Subject: broken'] : []), ...fields, '', body].join('\n'));

const typed = (type: string, body: string, ...more: string[]): string =>
  mail(['MIME-Version: 1.0', `Content-Type: ${type}`, ...more], body);

const html = (body: string): string => typed('text/html; charset=utf-8', body);

const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

const million = 1_000_000;

/** multipart within multipart, or message within message, so many deep. */
const nestedParts = (depth: number): string => {
  const open = times(depth, (n) => `Content-Type: multipart/mixed; boundary=b${n}\n\n--b${n}\n`).join('');
  return crlf(`From: a@b\nSubject: nested parts\n${open}Content-Type: text/plain\n\ninnermost\n`);
};
const nestedMessages = (depth: number): string =>
  crlf(
    `${times(depth, (n) => `Subject: level ${n}\nContent-Type: message/rfc822\n\n`).join('')}Subject: innermost\n\nx\n`,
  );

const attachment = (parameters: string, type = 'application/octet-stream'): string =>
  typed(
    'multipart/mixed; boundary=x',
    `--x\n\nSee the file.\n--x\nContent-Type: ${type}\nContent-Disposition: attachment${parameters}\nContent-Transfer-Encoding: base64\n\nAAECAw==\n--x--\n`,
  );

const headers: Record<string, string | Buffer> = {
  'no field at all': '\r\nonly a body\r\n',
  'a line that is no field': mail(['this is no field', 'X-After: here']),
  'field without a name': mail([': nameless', ' : spaced']),
  'begins with a folded line': `  folded from nowhere\r\n${mail([])}`,
  'header that never ends': `Subject: no end\r\n${'X-Field: value\r\n'.repeat(20_000)}`,
  'fifty thousand fields': mail(times(50_000, (n) => `X-${n}: ${n}`)),
  'subject of a megabyte': mail([`Subject: ${'a'.repeat(million)}`], 'x', false),
  'ten thousand encoded words': mail([`Subject: ${'=?utf-8?q?=C3=A4?=\n '.repeat(10_000)}`], 'x', false),
  'encoded words that are none': mail(['Subject: =?utf-8?b?%%%?= =?x?q?=ZZ?= =?utf-8?q?open =?=?==?='], 'x', false),
  'encoded word with control characters': mail(['Subject: =?utf-8?q?a=00b=0D=0ABcc:_evil=1B[2J?='], 'x', false),
  'eight bits of no charset': Buffer.from(
    'Subject: caf\xe9 \xff\xfe \xc0\xaf\r\nFrom: \xe4 <a@b>\r\n\r\n\xe9\xff\r\n',
    'latin1',
  ),
  'NUL everywhere': Buffer.from(
    'Sub\0ject: a\0b\r\nFrom: "a\0" <a\0@b>\r\nContent-Type: text/html\0\r\n\r\n<b\0>x\0</b>\r\n',
    'latin1',
  ),
  'every field twenty times': mail(
    [
      'From',
      'To',
      'Cc',
      'Subject',
      'Date',
      'Message-ID',
      'In-Reply-To',
      'References',
      'Content-Type',
      'Content-Transfer-Encoding',
    ].flatMap((name) => times(20, (n) => `${name}: ${name === 'Content-Type' ? `text/x${n}` : `<${n}@x>`}`)),
  ),
  'year 0': mail(['Date: Sat, 01 Jan 0000 00:00:00 +0000']),
  'year 9999': mail(['Date: Fri, 31 Dec 9999 23:59:59 +0000']),
  'year 275761': mail(['Date: Sat, 01 Jan 275761 00:00:00 +0000']),
  'dates that are none': mail(['Date: Mon, 32 Foo 20x6 99:99:99 +9999']),
  'date of ten kilobytes': mail([`Date: ${'Mon, '.repeat(2_000)}1 Jan 2026 00:00 +0000 ${'('.repeat(2_000)}`]),
  'Message-ID of ten kilobytes': mail([
    `Message-ID: <${'m'.repeat(10_000)}@x>`,
    `References: <${'m'.repeat(10_000)}@x>`,
  ]),
  'Message-ID without brackets': mail(['Message-ID: naked@x', 'In-Reply-To: naked@x "said" on Monday <']),
  'answers itself': mail(['Message-ID: <self@x>', 'In-Reply-To: <self@x>', 'References: <self@x> <self@x>']),
  'five thousand references': mail([`References: ${times(5_000, (n) => `<ref.${n}@x>`).join('\n ')}`]),
  'twenty thousand recipients': mail([
    `To: ${times(10_000, (n) => `"Person, ${n}" <person.${n}@elsewhere.test>`).join(',\n ')}`,
    `Cc: ${times(10_000, (n) => `person.${n}@elsewhere.test`).join(',\n ')}`,
  ]),
  'addresses that are none': mail([
    'To: "unclosed <a@b>, @, <>, <<>>, a b c, group: x@y, z@w',
    `Cc: ${'('.repeat(20_000)}x@y`,
    'Reply-To: =?utf-8?q?a=0D=0AX:_y?= <r@x>, undisclosed-recipients:;',
    `Bcc: ${'"\\'.repeat(5_000)}`,
  ]),
  'a name of ten kilobytes': mail([`To: ${'näme '.repeat(2_000)} <a@b>`]),
};

const bodies: Record<string, string | Buffer> = {
  'empty file': Buffer.alloc(0),
  'one line break': '\r\n',
  'one character': 'x',
  'ten megabytes on one line': mail([], 'x'.repeat(10 * million)),
  'ten megabytes of HTML on one line': html(`<p>${'word '.repeat(2 * million)}</p>`),
  'ten megabytes of line breaks': mail([], '\n'.repeat(5 * million)),
  'five thousand nested parts': nestedParts(5_000),
  'five thousand nested messages': nestedMessages(5_000),
  'ten thousand parts': typed('multipart/mixed; boundary=x', `${'--x\n\np\n'.repeat(10_000)}--x--\n`),
  'boundary never closed': typed('multipart/mixed; boundary=x', '--x\nContent-Type: text/html\n\n<p>open'),
  'boundary that never comes': typed('multipart/mixed; boundary=never', 'no part at all\n'),
  'boundary of two kilobytes': typed(
    `multipart/mixed; boundary="${'b'.repeat(2_000)}"`,
    `--${'b'.repeat(2_000)}\n\nx\n`,
  ),
  'empty boundary': typed('multipart/mixed; boundary=""', '--\n\nx\n----\n'),
  'one boundary at every level': typed(
    'multipart/mixed; boundary=x',
    times(50, () => '--x\nContent-Type: multipart/mixed; boundary=x\n\n').join(''),
  ),
  'multipart in base64': typed('multipart/mixed; boundary=x', 'LS14DQoNCng=\n', 'Content-Transfer-Encoding: base64'),
  'alternative of nothing': typed('multipart/alternative; boundary=x', '--x--\n'),
  'related whose root is missing': typed(
    'multipart/related; boundary=x; start="<gone@x>"',
    '--x\nContent-Type: text/html\n\n<img src="cid:gone@x">\n--x--\n',
  ),
  'signed with one part': typed('multipart/signed; boundary=x; micalg=md5', '--x\n\nx\n--x--\n'),
  'a third of a message': typed('message/partial; number=1; total=3; id=x', 'Subject: inner\n\nx\n'),
  'a body somewhere else': typed(
    'message/external-body; access-type=local-file; name="/etc/passwd"',
    'Content-Type: text/plain\n\n',
  ),
  'a report of rubbish': typed(
    'multipart/report; report-type=delivery-status; boundary=x',
    '--x\nContent-Type: message/delivery-status\n\n\xff\x00:::\n--x\nContent-Type: text/rfc822-headers\n\nnonsense\n--x--\n',
  ),
  'an invitation of rubbish': typed(
    'text/calendar; method=REQUEST',
    'BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:99999999\n',
  ),
  'base64 of rubbish': typed('text/plain', '!!!!\n====\nQUJD=QUJD\nQ\n', 'Content-Transfer-Encoding: base64'),
  'quoted-printable of rubbish': typed(
    'text/html',
    '<p>=ZZ = =\n=3D=3=\n=E4=',
    'Content-Transfer-Encoding: quoted-printable',
  ),
  'uuencoded without an end': typed('text/plain', 'begin 644 x\n#0V%T\n', 'Content-Transfer-Encoding: x-uuencode'),
  'an encoding nobody knows': typed('text/plain', 'x\n', 'Content-Transfer-Encoding: x-nonsense; y'),
  'a charset nobody knows': typed('text/plain; charset="x-nonsense\\"<b>"', 'caf\xe9\n'),
  'UTF-16 that is ASCII': typed('text/plain; charset=utf-16le', 'plainly ASCII\n'),
  'UTF-8 that is Latin-1': Buffer.from(typed('text/html; charset=utf-8', '<p>caf\xe9 \xc3'), 'latin1'),
  'UTF-7': typed('text/html; charset=utf-7', '+ADw-script+AD4-alert(1)+ADw-/script+AD4-\n'),
  'ISO-2022-JP cut short': typed('text/plain; charset=iso-2022-jp', '\x1b$B%F\n'),
  'types that are none': mail(['Content-Type: ;;;=', 'Content-Disposition: "";filename']),
  'a type of ten kilobytes': typed(`text/${'x'.repeat(10_000)}; charset=${'y'.repeat(10_000)}`, 'x\n'),
  'two hundred attachments': typed(
    'multipart/mixed; boundary=x',
    `${times(200, (n) => `--x\nContent-Type: text/csv\nContent-Disposition: attachment; filename="${n}.csv"\n\n${n}\n`).join('')}--x--\n`,
  ),
  'name that climbs': attachment('; filename="../../../../etc/passwd"'),
  'name that climbs in Windows': attachment('; filename="C:\\\\..\\\\..\\\\x.exe"'),
  'name of dots': attachment('; filename=".."'),
  'name of control characters': attachment("; filename*=utf-8''a%00b%0D%0ASet-Cookie%3A%20x%1B%5B2J%07.txt"),
  'name that turns around': attachment("; filename*=utf-8''invoice%E2%80%AEfdp.exe"),
  'name of ten kilobytes': attachment(`; filename="${'n'.repeat(10_000)}.txt"`),
  'name in pieces that do not fit': attachment(
    "; filename*5=e; filename*0*=utf-8''a%ZZ; filename*1=b; filename*0=c; filename*=%",
  ),
  'name of half a character': attachment("; filename*=utf-8''%F0%9F.txt; filename*=utf-16''%D8%00"),
  'attached HTML': attachment('; filename="x.html"', 'text/html'),
  'attached page with a script type': attachment('; filename="x"', 'text/javascript\n\t; x="\r\nSet-Cookie: y'),
  'attached TNEF of rubbish': attachment('; filename=winmail.dat', 'application/ms-tnef'),
};

const pages: Record<string, string> = {
  'fifty thousand open tags': html(`${'<div><b><table>'.repeat(17_000)}x`),
  'twenty thousand nested quotes': html(`${'<blockquote>'.repeat(20_000)}x`),
  'comment without an end': html('<p>before<!-- <script>alert(1)</script>'),
  'attribute of a megabyte': html(`<p title="${'x'.repeat(million)}" ${'y '.repeat(10_000)}>x`),
  'style of a megabyte': html(
    `<style>${'a{color:red}'.repeat(80_000)}</style><p style="${'color:red;'.repeat(10_000)}">x`,
  ),
  'style without an end': html('<style>@media { a { b: "</style><p>x'),
  'an image in itself': typed(
    'multipart/related; boundary=x',
    '--x\nContent-Type: text/html\nContent-ID: <a@x>\n\n<img src="cid:a@x"><iframe src="cid:a@x">\n--x--\n',
  ),
  'scripts of all kinds': html(
    '<script>alert(1)</script><svg onload=alert(1)><a href="javascript:alert(1)">x</a><base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example/"><form action="https://evil.example/"><input></form>',
  ),
  'entities without an end': html(`${'&amp'.repeat(50_000)}&#x;&#99999999;&#xD800;`),
};

/** All of them, and those of test/corpus/mime. */
export const brokenMail = (): BrokenMail => [
  ...[headers, bodies, pages].flatMap((group) =>
    Object.entries(group).map(([name, raw]) => [name, typeof raw === 'string' ? Buffer.from(raw) : raw] as const),
  ),
  ...['a', 'b'].map(
    (which) => [`one Message-ID twice, ${which}`, Buffer.from(mail(['Message-ID: <twice@x>', `X: ${which}`]))] as const,
  ),
  ...globSync('test/corpus/mime/{malformed,structure}/*.eml')
    .toSorted()
    .map((file) => [basename(file, '.eml'), readFileSync(file)] as const),
];
