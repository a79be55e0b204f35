// The first message of a TLS client, for listeners that pass TLS on as it is: what rules like
// `req.ssl_sni` look into. Called by conversation.ts. RFC 8446 4.1.2; nothing follows it, so its
// random bytes are zeros.

const handshakeRecord = 0x16;
const clientHelloType = 1;
const randomBytes = 32;
/** TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, ECDHE-RSA-AES128-GCM-SHA256. */
const ciphers = [0x1301, 0x1302, 0xc02f];
/** TLS 1.3, TLS 1.2. */
const versions = [0x0304, 0x0303];
/** x25519, P-256. */
const groups = [0x001d, 0x0017];
/** ECDSA with P-256, RSA-PSS, RSA, each with SHA-256. */
const signatures = [0x0403, 0x0804, 0x0401];

const extensionTypes = { name: 0, groups: 10, signatures: 13, alpn: 16, versions: 43, share: 51 };

/** The record with the message, as bytes in a string. */
export function clientHello(serverName: string): string {
  const body = Buffer.concat([
    short(0x0303),
    Buffer.alloc(randomBytes),
    counted(1, Buffer.alloc(0)),
    counted(2, shorts(ciphers)),
    counted(1, Buffer.from([0])),
    counted(2, Buffer.concat(extensions(serverName))),
  ]);
  const message = Buffer.concat([Buffer.from([clientHelloType]), counted(3, body)]);
  const head = Buffer.concat([Buffer.from([handshakeRecord]), short(0x0301)]);
  return Buffer.concat([head, counted(2, message)]).toString('latin1');
}

function extensions(serverName: string): Buffer[] {
  const host = Buffer.concat([Buffer.from([0]), counted(2, Buffer.from(serverName, 'latin1'))]);
  const protocols = ['h2', 'http/1.1'].map((name) => counted(1, Buffer.from(name, 'latin1')));
  // An address is no name: RFC 6066 3.
  const isName = !/^[\d.]+$|:/.test(serverName);
  return [
    ...(isName ? [extension(extensionTypes.name, counted(2, host))] : []),
    extension(extensionTypes.groups, counted(2, shorts(groups))),
    extension(extensionTypes.signatures, counted(2, shorts(signatures))),
    extension(extensionTypes.alpn, counted(2, Buffer.concat(protocols))),
    extension(extensionTypes.versions, counted(1, shorts(versions))),
    extension(extensionTypes.share, counted(2, Buffer.concat([short(groups[0]), publicKey()]))),
  ];
}

/** The base point of x25519: a key that everybody knows. */
function publicKey(): Buffer {
  const point = Buffer.alloc(32);
  point[0] = 9;
  return counted(2, point);
}

const extension = (type: number, data: Buffer): Buffer =>
  Buffer.concat([short(type), counted(2, data)]);

/** The data behind its length in so many bytes. */
function counted(bytes: number, data: Buffer): Buffer {
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(data.length, 0, bytes);
  return Buffer.concat([length, data]);
}

const short = (value: number): Buffer => shorts([value]);

function shorts(values: readonly number[]): Buffer {
  const data = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => void data.writeUInt16BE(value, at * 2));
  return data;
}
