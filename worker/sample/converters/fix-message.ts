// Messages of the Financial Information eXchange protocol (FIX 4.0 to 5.0): `tag=value` fields that
// a byte of value 1 ends. Pure; proxy thread; called by protocols.ts. Answers need to say three
// things: yes, no, and not yet.

export const messageInvalid = -1;
export const messageIncomplete = 0;
export const messageValid = 1;

const delimiter = '\x01';
/** The least a whole message can be. */
const messageMin = 26;

const tagBegin = 8;
const tagLength = 9;
const tagChecksum = 10;
const tagType = 35;

/** Names that stand for tags, in lower case. */
const tagNames: ReadonlyMap<string, number> = new Map([
  ['beginstring', tagBegin],
  ['bodylength', tagLength],
  ['checksum', tagChecksum],
  ['msgtype', tagType],
  ['sendercompid', 49],
  ['targetcompid', 56],
]);

/** The largest tag of each version; 5.0 and its service packs share a name. */
const tagMax: ReadonlyMap<string, number> = new Map([
  ['FIX.4.0', 140],
  ['FIX.4.1', 211],
  ['FIX.4.2', 446],
  ['FIX.4.3', 659],
  ['FIX.4.4', 956],
  ['FIXT.1.1', 1621],
]);

/** A tag written as a number or a name; 0: it is neither. */
export function fixTag(text: string): number {
  return tagNumber(text) || (tagNames.get(text.toLowerCase()) ?? 0);
}

function tagNumber(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** Users may define tags of their own in this range, whatever the version. */
const isUserTag = (tag: number): boolean => tag >= 10_000 && tag <= 19_999;

/** The field that `readField` found last. */
const field = { tag: 0, valueAt: 0, end: 0 };

/** Reads the field at `at`: one of the message* constants. */
function readField(text: string, at: number): number {
  const equals = text.indexOf('=', at);
  const end = equals < 0 ? -1 : text.indexOf(delimiter, equals);
  if (end < 0) return messageIncomplete;
  field.tag = tagNumber(text.slice(at, equals));
  field.valueAt = equals + 1;
  field.end = end;
  return field.tag === 0 ? messageInvalid : messageValid;
}

/** Checks the first message of `text` (one character per byte). */
export function checkFix(text: string): number {
  if (text.length < messageMin) return messageIncomplete;
  let largest = Number.POSITIVE_INFINITY;
  let bodyAt = 0;
  let bodyBytes = 0;
  for (let at = 0, count = 1; at < text.length; at = field.end + 1, count++) {
    const read = readField(text, at);
    if (read !== messageValid) return read;
    const { tag } = field;
    if (tag > largest && !isUserTag(tag)) return messageInvalid;
    if (count <= 3 && tag !== leading[count - 1]) return messageInvalid;
    const value = text.slice(field.valueAt, field.end);
    if (count === 1) {
      largest = tagMax.get(value) ?? 0;
      if (largest === 0) return messageInvalid;
    } else if (count === 2) {
      bodyBytes = tagNumber(value);
      if (bodyBytes === 0) return messageInvalid;
      bodyAt = field.end + 1;
    } else if (tag === tagChecksum) {
      const fits = at - bodyAt === bodyBytes && value === checksum(text, at);
      return fits ? messageValid : messageInvalid;
    }
  }
  return messageIncomplete;
}

/** What a message starts with, in this order. */
const leading = [tagBegin, tagLength, tagType];

/** Sum of the bytes before `end`, as three digits. */
function checksum(text: string, end: number): string {
  let sum = 0;
  for (let i = 0; i < end; i++) sum += text.charCodeAt(i);
  return String(sum & 255).padStart(3, '0');
}

/** Value of the first `tag`; '': not there yet; null: not there, or no such message. */
export function fixValue(text: string, tag: number): string | null {
  for (let at = 0; at < text.length; at = field.end + 1) {
    const read = readField(text, at);
    if (read === messageIncomplete) return '';
    if (read === messageInvalid) return null;
    if (field.tag === tag) return text.slice(field.valueAt, field.end);
    if (field.tag === tagChecksum) return null;
  }
  return '';
}
