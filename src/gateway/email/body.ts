import { capabilities } from '#jmap/core.ts';
import type { BlobId } from '#jmap/ids.ts';
import type { EmailBodyPart, EmailBodyValue } from '#jmap/mail.ts';
import { bodyLists } from '#mime/body-lists.ts';
import { readPartText, unflow } from '#mime/text.ts';
import type { Part } from '#mime/types.ts';
import { bool, list, optional, orNull, text, unsigned } from '../check.ts';
import { MethodFailure } from '../errors.ts';
import { partBlobId } from '../ids.ts';
import { limits } from '../limits.ts';
import type { AccountContext } from '../method.ts';
import { headerList, headerValue, parseHeaderWish } from './header-form.ts';
import type { Message } from './message.ts';

/** Arguments about bodies – RFC 8621 §4.2 */
export const bodyFields = {
  bodyProperties: orNull(list(text)),
  fetchTextBodyValues: optional(bool, false),
  fetchHTMLBodyValues: optional(bool, false),
  fetchAllBodyValues: optional(bool, false),
  maxBodyValueBytes: optional(unsigned, 0),
  joinFlowed: optional(bool, false),
};

export interface BodyWish {
  bodyProperties: string[] | null;
  fetchTextBodyValues: boolean;
  fetchHTMLBodyValues: boolean;
  fetchAllBodyValues: boolean;
  maxBodyValueBytes: number;
  joinFlowed: boolean;
}

/** K8. @throws MethodFailure invalidArguments */
export const admitBody = ({ using }: Pick<AccountContext, 'using'>, { joinFlowed }: BodyWish): void => {
  if (joinFlowed && !using.has(capabilities.keep))
    throw new MethodFailure('invalidArguments', `joinFlowed belongs to ${capabilities.keep}`);
};

type PartProperty = Exclude<keyof EmailBodyPart, `header:${string}`>;

/** What is told of a part unless `bodyProperties` says otherwise (RFC 8621 §4.2). */
export const partFields: readonly PartProperty[] = [
  'partId',
  'blobId',
  'size',
  'name',
  'type',
  'charset',
  'disposition',
  'cid',
  'language',
  'location',
];
const known: readonly string[] = [...partFields, 'headers', 'subParts'];

/** The part properties asked for. @throws MethodFailure invalidArguments */
export const partProperties = (wish: BodyWish): readonly string[] => {
  const stranger = wish.bodyProperties?.find((name) => !known.includes(name) && !parseHeaderWish(name));
  if (stranger !== undefined) throw new MethodFailure('invalidArguments', `bodyProperties: ${stranger} is none`);
  return wish.bodyProperties ?? partFields;
};

export const wantsPartHeaders = (properties: readonly string[]): boolean =>
  properties.some((name) => name === 'headers' || name.startsWith('header:'));

export const wantsValues = (wish: BodyWish): boolean =>
  wish.fetchTextBodyValues || wish.fetchHTMLBodyValues || wish.fetchAllBodyValues;

const isMultipart = (part: Part): boolean => part.type.startsWith('multipart/');

const charsetOf = (part: Part): string | null => part.charset ?? (part.type.startsWith('text/') ? 'us-ascii' : null);

/** Builds the parts of one message as JMAP shows them. `blob`: the blob of the message itself. */
export class BodyView {
  readonly #message: Message;
  readonly #blob: BlobId;
  readonly #properties: readonly string[];

  constructor(message: Message, blob: BlobId, properties: readonly string[]) {
    this.#message = message;
    this.#blob = blob;
    this.#properties = properties;
  }

  async part(part: Part, withSubParts: boolean): Promise<Partial<EmailBodyPart>> {
    const shown: Record<string, unknown> = {};
    for (const name of this.#properties) shown[name] = await this.#property(part, name);
    delete shown['subParts'];
    if (isMultipart(part) && (withSubParts || this.#properties.includes('subParts'))) {
      shown['subParts'] = await this.parts(part.parts, withSubParts);
    } else if (this.#properties.includes('subParts')) shown['subParts'] = null;
    return shown as Partial<EmailBodyPart>;
  }

  async parts(parts: readonly Part[], withSubParts = false): Promise<Partial<EmailBodyPart>[]> {
    const shown: Partial<EmailBodyPart>[] = [];
    for (const part of parts) shown.push(await this.part(part, withSubParts));
    return shown;
  }

  async #property(part: Part, name: string): Promise<unknown> {
    switch (name) {
      case 'partId':
        return isMultipart(part) ? null : part.section;
      case 'blobId':
        return isMultipart(part) ? null : partBlobId(this.#blob, part.section);
      case 'size':
        return isMultipart(part) ? 0 : this.#message.size(part);
      case 'charset':
        return charsetOf(part);
      case 'name':
      case 'type':
      case 'disposition':
      case 'cid':
      case 'language':
      case 'location':
        return part[name];
      case 'headers':
        return headerList(await this.#message.fields(part));
      case 'subParts':
        return null;
      default: {
        const wish = parseHeaderWish(name);
        return wish ? headerValue(await this.#message.fields(part), wish) : null;
      }
    }
  }

  /** RFC 8621 §4.1.4 `bodyValues` */
  async values(wish: BodyWish): Promise<Record<string, EmailBodyValue>> {
    const lists = bodyLists(this.#message.root);
    const wanted = new Map<string, Part>();
    const want = (parts: readonly Part[]): void => {
      for (const part of parts) if (part.type.startsWith('text/')) wanted.set(part.section, part);
    };
    if (wish.fetchTextBodyValues) want(lists.text);
    if (wish.fetchHTMLBodyValues) want(lists.html);
    if (wish.fetchAllBodyValues) want(leaves(this.#message.root));
    const values: Record<string, EmailBodyValue> = {};
    for (const part of wanted.values()) {
      values[part.section] = bodyValue(await this.#message.bytes(part), part, wish);
    }
    return values;
  }
}

const leaves = (part: Part): Part[] => (isMultipart(part) ? part.parts.flatMap(leaves) : [part]);

const encodings: readonly string[] = ['7bit', '8bit', 'binary', 'base64', 'quoted-printable'];

/** No half character, no half tag – RFC 8621 §4.2 */
const truncate = (value: string, max: number, isHtml: boolean): string => {
  const bytes = Buffer.from(value, 'utf8');
  let end = max;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  const cut = bytes.toString('utf8', 0, end);
  const tag = isHtml ? cut.lastIndexOf('<') : -1;
  return tag >= 0 && !cut.includes('>', tag) ? cut.slice(0, tag) : cut;
};

const bodyValue = (bytes: Buffer, part: Part, { maxBodyValueBytes, joinFlowed }: BodyWish): EmailBodyValue => {
  const { text, misread } = readPartText(bytes, part);
  const value = joinFlowed && part.flowed ? unflow(text, part.delsp) : text;
  const isEncodingProblem = misread || !encodings.includes(part.encoding);
  const max = maxBodyValueBytes === 0 ? limits.maxBodyValue : maxBodyValueBytes;
  if (value.length * 3 <= max || Buffer.byteLength(value) <= max)
    return { value, isEncodingProblem, isTruncated: false };
  return { value: truncate(value, max, part.type === 'text/html'), isEncodingProblem, isTruncated: true };
};
