import { parseEnvelope } from '#mime/envelope.ts';

/** Header blocks as the first sync's FETCH gives them: plain ASCII, and one in five with encoded words or a crowd. */
const block = (i: number): Buffer => {
  const subject =
    i % 5 === 4
      ? `=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln_${i}?=`
      : `Re: minutes of the meeting on the ${i % 28}th, second reading`;
  const to =
    i % 5 === 3
      ? 'Ana <ana@example.org>, "Doe, John" <john@example.com>, team@example.net'
      : `"Carla Mendes" <carla${i}@example.org>`;
  return Buffer.from(
    [
      `Date: Thu, ${(i % 28) + 1} Aug 2024 13:52:${String(i % 60).padStart(2, '0')} +0200`,
      `From: Bob Lindqvist <bob${i % 300}@example.com>`,
      `To: ${to}`,
      `Subject: ${subject}`,
      `Message-ID: <${i}.7c53336b37003a9286aba55d2945844c@mail.example.com>`,
      `In-Reply-To: <${i - 1}.7c53336b37003a9286aba55d2945844c@mail.example.com>`,
      `References: <${i - 2}.7c53336b37003a9286aba55d2945844c@mail.example.com>`,
      ` <${i - 1}.7c53336b37003a9286aba55d2945844c@mail.example.com>`,
      'List-Id: Minutes <minutes.lists.example.com>',
      '',
      '',
    ].join('\r\n'),
  );
};

const measure = (name: string, blocks: readonly Buffer[]): void => {
  for (const one of blocks.slice(0, 5000)) parseEnvelope(one);
  const before = process.cpuUsage();
  for (let round = 0; round < 5; round += 1) for (const one of blocks) parseEnvelope(one);
  const used = process.cpuUsage(before);
  const seconds = (used.user + used.system) / 1e6;
  const rate = Math.round((blocks.length * 5) / seconds);
  console.log(`${name}: ${rate.toLocaleString('en')} header blocks per CPU second`);
};

const all = Array.from({ length: 20_000 }, (_, i) => block(i));
measure(
  'plain ASCII',
  all.filter((_, i) => i % 5 < 3),
);
measure('mixed', all);
