import type { Planned } from './plan.ts';
import { type Random, random } from './random.ts';
import { sentence, textsOfOtherScripts } from './words.ts';

const ascii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

/** RFC 2047, in B encoding, words of at most 36 octets cut between characters. */
const encoded = (text: string): string => {
  if (ascii(text)) return text;
  const words: string[] = [];
  let word = '';
  for (const character of text) {
    if (Buffer.byteLength(word + character) > 36) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((each) => `=?UTF-8?B?${Buffer.from(each).toString('base64')}?=`).join('\r\n ');
};

const lines = (base64: string): string => base64.replaceAll(/(.{76})/g, '$1\r\n');
const date = (at: number): string => new Date(at * 1000).toUTCString().replace('GMT', '+0000');

const paragraphs = (r: Random, planned: Planned): string[] => {
  const text = Array.from({ length: r.between(2, 7) }, () =>
    Array.from({ length: r.between(1, 5) }, () => sentence(r)).join(' '),
  );
  if (r.chance(0.06)) text.unshift(r.pick(textsOfOtherScripts));
  if (planned.needles.brontide) text.push('The brontide was heard again last night.');
  if (planned.ancestors.length > 0) text.push(`> ${sentence(r)}\r\n> ${sentence(r)}`);
  return text;
};

const plainPart = (r: Random, planned: Planned): string => {
  const text = paragraphs(r, planned);
  if (planned.needles.gloaming) text.push('We shall meet in the gloaming.');
  const body = text.join('\r\n\r\n');
  return planned.needles.gloaming || !ascii(body.replaceAll(/\r\n/g, ''))
    ? `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(Buffer.from(body).toString('base64'))}\r\n`
    : `Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n${body.replaceAll(/(.{60,72}) /g, '$1\r\n')}\r\n`;
};

const htmlPart = (r: Random, planned: Planned): string => {
  const rows = Array.from(
    { length: r.between(3, 12) },
    () =>
      `<tr><td style="padding:8px;color:#333"><p>${sentence(r)}</p><img src="https://img.example.com/${r.hex(12)}.png" width="600" height="120" alt=""></td></tr>`,
  );
  if (planned.needles.nacreous) rows.push('<tr><td>A nacreous cloud.</td></tr>');
  const html = `<html><body><table width="600">${rows.join('\r\n')}</table></body></html>`;
  return `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(Buffer.from(html).toString('base64'))}\r\n`;
};

const attachment = (r: Random): string => {
  const [type, name] = r.pick([
    ['application/pdf', 'report.pdf'],
    ['image/jpeg', 'photo.jpg'],
    ['text/csv', 'figures.csv'],
  ] as const);
  return `Content-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(r.bytes(r.between(2000, 12_000)).toString('base64'))}\r\n`;
};

const multipart = (subtype: string, boundary: string, parts: string[]): string =>
  `Content-Type: multipart/${subtype}; boundary="${boundary}"\r\n\r\n${parts.map((part) => `--${boundary}\r\n${part}`).join('')}--${boundary}--\r\n`;

/** The bytes of one message: 1 in 8 with HTML, 1 in 12 with attachments. */
export const message = (planned: Planned): Buffer => {
  const r = random(303, planned.n);
  const html = planned.needles.nacreous || r.chance(0.125);
  const text = plainPart(r, planned);
  const alternative = html ? multipart('alternative', `a${planned.n}`, [text, htmlPart(r, planned)]) : text;
  const body = r.chance(1 / 12)
    ? multipart('mixed', `m${planned.n}`, [
        alternative,
        ...Array.from({ length: r.between(1, 3) }, () => attachment(r)),
      ])
    : alternative;
  const parent = planned.ancestors.at(-1);
  const head = [
    `Received: from mx.example.net by mail.bench.test; ${date(planned.at + 2)}`,
    `From: ${encoded(planned.from.name)} <${planned.from.address}>`,
    `To: ${encoded(planned.to.name)} <${planned.to.address}>`,
    `Subject: ${encoded(planned.subject)}`,
    `Date: ${date(planned.at)}`,
    `Message-ID: ${planned.messageId}`,
    ...(parent !== undefined && planned.threading !== 'none' ? [`In-Reply-To: ${parent}`] : []),
    ...(parent !== undefined && planned.threading === 'references'
      ? [`References: ${planned.ancestors.slice(-10).join('\r\n ')}`]
      : []),
    ...(planned.list === null ? [] : [`List-Id: <${planned.list}.kestrel.example>`, 'Precedence: list']),
    'MIME-Version: 1.0',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n${body}`);
};
