import type { Random } from './random.ts';

const split = (text: string): string[] => text.split(/\s+/);

const common = split(
  'the to and of a in for is on that with we it this be you as have are will not can from at by or our please if all an was but so they there their has about when which would one more your been out up were do no what time any some other than into could them only its new also after make should just know need work good see back first how use two way even because well many these most give day us',
);
const nouns = split(
  'report meeting invoice budget contract project release server backup schedule ticket customer order delivery office travel flight hotel booking account password update review draft proposal design document spreadsheet figure chapter paper conference workshop training course student teacher school garden kitchen window door bicycle engine battery sensor cable router network database index query storage mailbox folder message attachment picture video concert museum library book shelf archive letter stamp parcel courier pallet supplier partner campaign newsletter survey feedback complaint refund payment receipt tax audit ledger forecast quarter target margin estimate quote discount warranty repair plan roadmap deadline risk bug patch branch merge pipeline outage alert metric chart map route bridge tunnel station platform train ferry harbour island river valley mountain forest farm harvest apple bread cheese coffee recipe dinner lunch birthday wedding neighbour doctor clinic lawyer court notary bank loan mortgage rent tenant roof heating plumbing',
);
const verbs = split(
  'send check confirm review approve discuss prepare finish start move change cancel postpone deliver collect compare measure test install replace remove restore print sign scan forward answer explain describe plan book pay verify clean paint read call wait share upload open close',
);
const adjectives = split(
  'quick final second next last urgent small large monthly weekly annual revised preliminary internal external technical legal local remote green blue quiet early late missing broken spare extra useful simple complete partial latest original',
);
const vocabulary = [...common, ...common, ...nouns, ...verbs, ...adjectives];

const firstNames = split(
  'Anna Ben Clara David Eva Felix Greta Hugo Ida Jonas Karin Leo Mara Nils Olga Paul Rosa Simon Tessa Uwe Vera Walter Xenia Yann Zoe Amir Bao Chidi Divya Emre Fatima Goran Hana Imran Jing Kofi Leila Mateo Nadia Omar Priya Rafael Sana Tariq Viktor Wanjiru Yusuf Zainab',
);
const lastNames = split(
  'Albers Brandt Castillo Dubois Eriksen Fischer Grant Hansen Ivanov Jansen Keller Larsen Moreau Novak Olsen Petrov Quinn Rossi Schmidt Tanaka Ueda Varga Weber Young Zimmer Abara Banerjee Costa Demir Esposito Farah Gupta Haddad Ito Khan Mendes Nakamura Okafor Park Rahman Silva Torres Usman Vega Wong Yilmaz Zhang',
);
const namesOfOtherScripts = [
  'Jürgen Müller',
  'Søren Ågård',
  'Łukasz Żółkiewski',
  'Иван Петров',
  'Ольга Смирнова',
  '山田 太郎',
  '王小明',
  'محمد العلي',
  'Γιώργος Παπαδόπουλος',
  'José Núñez',
  'Đặng Thị Hoa',
  'नेहा शर्मा',
  '김민수',
  'שרה כהן',
];
const subjectsOfOtherScripts = [
  'Über die Gebühren für März',
  'Réunion déplacée à jeudi',
  'Отчёт за квартал',
  '会議の議事録について',
  'مواعيد الأسبوع القادم',
  'Zażółć gęślą jaźń',
  'Πρόσκληση στη συνάντηση',
  '😀 Party on Friday 🎉',
  '발표 자료 공유',
];
export const textsOfOtherScripts = [
  'Sehr geehrte Damen und Herren, wir möchten Sie über die geänderten Öffnungszeiten informieren.',
  'Bonjour à tous, la réunion est déplacée à jeudi ; merci de vérifier vos disponibilités.',
  'Добрый день! Высылаю отчёт за прошлый квартал, посмотрите, пожалуйста, до пятницы.',
  'お世話になっております。会議の議事録をお送りします。ご確認をお願いいたします。',
  'السلام عليكم، نرجو تأكيد الموعد قبل نهاية الأسبوع.',
  'Zażółć gęślą jaźń – proszę o pilną odpowiedź w sprawie umowy.',
];
const domains = split(
  'example.com example.org example.net northwind.example kestrel.example harbourline.example fjordtech.example lumen.example quarry.example saltmarsh.example',
);

export interface Person {
  name: string;
  address: string;
}

/** Two thousand correspondents; the first few write most of the mail. Number 40 is the needle of the sender search. */
export const people = (r: Random): Person[] =>
  Array.from({ length: 2000 }, (_, i) => {
    const foreign = i % 17 === 5;
    const name =
      i === 40
        ? 'Ottoline Vexley'
        : foreign
          ? r.pick(namesOfOtherScripts)
          : `${r.pick(firstNames)} ${r.pick(lastNames)}`;
    const local = foreign ? `contact${i}` : `${name.toLowerCase().replace(' ', '.')}${i % 3 === 0 ? i : ''}`;
    return { name, address: `${local}@${domains[i % domains.length] ?? ''}` };
  });

const capital = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;

export const sentence = (r: Random): string =>
  `${capital(Array.from({ length: r.between(5, 16) }, (_, i) => (i % 3 === 1 ? r.pick(nouns) : r.favour(vocabulary))).join(' '))}${r.pick(['.', '.', '.', '?', '!'])}`;

export const subject = (r: Random): string =>
  r.chance(0.04)
    ? r.pick(subjectsOfOtherScripts)
    : r.chance(0.12)
      ? `${capital(r.pick(adjectives))} ${r.pick(nouns)} #${r.between(1000, 99999)}`
      : `${capital(r.pick([...adjectives, ...verbs]))} ${r.pick(nouns)}${r.chance(0.6) ? ` ${r.pick(['for', 'and', 'of', 'about', 'with'])} ${r.pick(nouns)}` : ''}`;
