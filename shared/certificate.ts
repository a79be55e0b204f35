// What one may ask of an X.509 certificate, read from its DER (RFC 5280 4.1) once: names, dates,
// serial number, algorithms. Pure. Used by fetches and by the PROXY header for servers. Bytes that
// are no certificate give null.

/** One attribute of a distinguished name: short name or dotted number, and its bytes. */
export interface NameEntry {
  readonly name: string;
  readonly value: string;
  /** It belongs to the same relative name as the one before. */
  readonly joins: boolean;
}

export interface Certificate {
  /** 1 to 3. */
  readonly version: number;
  /** Bytes of the number, without leading zeros of its encoding. */
  readonly serial: string;
  readonly signatureAlgorithm: string;
  readonly keyAlgorithm: string;
  readonly issuer: readonly NameEntry[];
  readonly subject: readonly NameEntry[];
  /** `YYMMDDhhmmssZ`, '' for a year outside 2000 to 2049. */
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Object identifiers that have a name of their own here. */
const objectNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.15': 'businessCategory',
  '2.5.4.17': 'postalCode',
  '2.5.4.41': 'name',
  '2.5.4.42': 'GN',
  '2.5.4.43': 'initials',
  '2.5.4.44': 'generationQualifier',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '1.2.840.113549.1.1.1': 'rsaEncryption',
  '1.2.840.113549.1.1.4': 'RSA-MD5',
  '1.2.840.113549.1.1.5': 'RSA-SHA1',
  '1.2.840.113549.1.1.10': 'RSASSA-PSS',
  '1.2.840.113549.1.1.11': 'RSA-SHA256',
  '1.2.840.113549.1.1.12': 'RSA-SHA384',
  '1.2.840.113549.1.1.13': 'RSA-SHA512',
  '1.2.840.113549.1.1.14': 'RSA-SHA224',
  '1.2.840.10040.4.1': 'DSA',
  '2.16.840.1.101.3.4.3.2': 'dsa_with_SHA256',
  '1.2.840.10045.2.1': 'id-ecPublicKey',
  '1.2.840.10045.4.1': 'ecdsa-with-SHA1',
  '1.2.840.10045.4.3.1': 'ecdsa-with-SHA224',
  '1.2.840.10045.4.3.2': 'ecdsa-with-SHA256',
  '1.2.840.10045.4.3.3': 'ecdsa-with-SHA384',
  '1.2.840.10045.4.3.4': 'ecdsa-with-SHA512',
  '1.3.101.112': 'ED25519',
  '1.3.101.113': 'ED448',
};

const tagInteger = 0x02;
const tagBitString = 0x03;
const tagObject = 0x06;
const tagUtcTime = 0x17;
const tagSequence = 0x30;
const tagSet = 0x31;
const tagVersion = 0xa0;

/** Thrown and caught in this file only. */
class Malformed extends Error {}

/** One element: its tag, and a reader of what it holds. */
interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

class Reader {
  private readonly bytes: Uint8Array;
  private at: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = 0;
  }

  get hasMore(): boolean {
    return this.at < this.bytes.length;
  }

  isNext(tag: number): boolean {
    return this.bytes[this.at] === tag;
  }

  next(): Element {
    const { bytes } = this;
    if (this.at + 2 > bytes.length) throw new Malformed();
    const tag = bytes[this.at];
    let length = bytes[this.at + 1];
    this.at += 2;
    if (length > 0x80) {
      const count = length & 0x7f;
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[this.at++] ?? 0);
    }
    if (this.at + length > bytes.length) throw new Malformed();
    const content = bytes.subarray(this.at, this.at + length);
    this.at += length;
    return { tag, content };
  }

  /** The next element with its tag and length. */
  whole(): Uint8Array {
    const from = this.at;
    this.next();
    return this.bytes.subarray(from, this.at);
  }

  /** The content of the next element, which must have this tag. */
  take(tag: number): Uint8Array {
    const element = this.next();
    if (element.tag !== tag) throw new Malformed();
    return element.content;
  }

  enter(tag: number): Reader {
    return new Reader(this.take(tag));
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function objectName(bytes: Uint8Array): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of bytes) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      numbers.push(first, value - first * 40);
    } else {
      numbers.push(value);
    }
    value = 0;
  }
  const dotted = numbers.join('.');
  return objectNames[dotted] ?? dotted;
}

function readName(reader: Reader): NameEntry[] {
  const entries: NameEntry[] = [];
  while (reader.hasMore) {
    const relative = reader.enter(tagSet);
    let joins = false;
    while (relative.hasMore) {
      const pair = relative.enter(tagSequence);
      const name = objectName(pair.take(tagObject));
      entries.push({ name, value: textOf(pair.next().content), joins });
      joins = true;
    }
  }
  return entries;
}

/** Two-digit years up to 2049 are written in UTCTime, later ones with four (RFC 5280 4.1.2.5). */
function readTime({ tag, content }: Element): string {
  const text = textOf(content);
  if (tag === tagUtcTime) return text[0] < '5' ? text : '';
  return text.startsWith('20') ? text.slice(2) : '';
}

const algorithmOf = (reader: Reader): string =>
  objectName(reader.enter(tagSequence).take(tagObject));

/** null: not a certificate. */
export function readCertificate(der: Uint8Array): Certificate | null {
  try {
    const body = new Reader(der).enter(tagSequence).enter(tagSequence);
    const version = body.isNext(tagVersion) ? body.enter(tagVersion).take(tagInteger)[0] + 1 : 1;
    const serial = textOf(body.take(tagInteger)).replace(/^\0+(?=.)/s, '');
    const signatureAlgorithm = algorithmOf(body);
    const issuer = readName(body.enter(tagSequence));
    const validity = body.enter(tagSequence);
    const notBefore = readTime(validity.next());
    const notAfter = readTime(validity.next());
    const subject = readName(body.enter(tagSequence));
    const keyAlgorithm = algorithmOf(body.enter(tagSequence));
    return {
      version,
      serial,
      signatureAlgorithm,
      keyAlgorithm,
      issuer,
      subject,
      notBefore,
      notAfter,
    };
  } catch (fault) {
    if (fault instanceof Malformed) return null;
    throw fault;
  }
}

/** What OCSP tells certificates apart by, as encoded. */
export interface CertificateIdentity {
  readonly issuerName: Uint8Array;
  readonly serial: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** null: not a certificate. */
export function readIdentity(der: Uint8Array): CertificateIdentity | null {
  try {
    const body = new Reader(der).enter(tagSequence).enter(tagSequence);
    if (body.isNext(tagVersion)) body.take(tagVersion);
    const serial = body.take(tagInteger);
    body.take(tagSequence);
    const issuerName = body.whole();
    body.take(tagSequence);
    body.take(tagSequence);
    const key = body.enter(tagSequence);
    key.take(tagSequence);
    // The first byte of a bit string counts its unused bits.
    return { issuerName, serial, publicKey: key.take(tagBitString).subarray(1) };
  } catch (fault) {
    if (fault instanceof Malformed) return null;
    throw fault;
  }
}

const tagExtensions = 0xa3;
const tagBoolean = 0x01;
const tagOctets = 0x04;
const policiesName = '2.5.29.32';

/** Identifiers of the policies a certificate was issued under (RFC 5280 4.2.1.4), in order. */
export function readPolicies(der: Uint8Array): readonly string[] {
  try {
    const body = new Reader(der).enter(tagSequence).enter(tagSequence);
    while (body.hasMore && !body.isNext(tagExtensions)) body.next();
    const extensions = body.enter(tagExtensions).enter(tagSequence);
    while (extensions.hasMore) {
      const extension = extensions.enter(tagSequence);
      const name = objectName(extension.take(tagObject));
      if (extension.isNext(tagBoolean)) extension.next();
      if (name === policiesName) return policyNames(extension.enter(tagOctets));
    }
    return [];
  } catch (fault) {
    if (fault instanceof Malformed) return [];
    throw fault;
  }
}

function policyNames(content: Reader): string[] {
  const policies = content.enter(tagSequence);
  const names: string[] = [];
  while (policies.hasMore) names.push(objectName(policies.enter(tagSequence).take(tagObject)));
  return names;
}

/** The issuer of a revocation list (RFC 5280 5.1); null: not a list. */
export function readIssuer(der: Uint8Array): readonly NameEntry[] | null {
  try {
    const body = new Reader(der).enter(tagSequence).enter(tagSequence);
    if (body.isNext(tagInteger)) body.take(tagInteger);
    body.take(tagSequence);
    return readName(body.enter(tagSequence));
  } catch (fault) {
    if (fault instanceof Malformed) return null;
    throw fault;
  }
}

/** `/C=FR/CN=x`; null when an entry holds a NUL byte in front of others. */
export function nameLine(entries: readonly NameEntry[]): string | null {
  let line = '';
  for (const { name, value } of entries) {
    if (hidesText(value)) return null;
    line += `/${name}=${value}`;
  }
  return line;
}

/** Entry number `position` called `name`, from the end when it is negative; null: there is none. */
export function nameEntry(
  entries: readonly NameEntry[],
  name: string,
  position: number,
): string | null {
  const wanted = name.toLowerCase();
  const found = entries.filter((entry) => entry.name.toLowerCase() === wanted);
  const entry = found.at(position < 0 ? position : position - 1);
  if (position === 0 || entry === undefined || hidesText(entry.value)) return null;
  return entry.value;
}

/** What reads a NUL as the end would see another name than we do. */
const hidesText = (value: string): boolean => /\0[^\0]/.test(value);

/** RFC 2253: the last relative name first. null as `nameLine`. */
export function nameRfc2253(entries: readonly NameEntry[]): string | null {
  const relative: string[] = [];
  for (const { name, value, joins } of entries) {
    if (hidesText(value)) return null;
    const text = `${name}=${escapeValue(value)}`;
    if (joins) relative[relative.length - 1] += `+${text}`;
    else relative.push(text);
  }
  return relative.reverse().join(',');
}

function escapeValue(value: string): string {
  return value
    .replace(/[,+"\\<>;]/g, '\\$&')
    .replace(/^[ #]|(?<=.) $/g, '\\$&')
    .replace(/[\0-\x1f\x7f-\xff]/g, (byte) => {
      const code = byte.charCodeAt(0).toString(16).toUpperCase();
      return `\\${code.padStart(2, '0')}`;
    });
}
