// A second reading of HTTP/1, for the simulation: what clients and servers understand of what the
// worker sent them. Written from RFC 9112 and sharing nothing with worker/http, so that one mistake
// is not made twice. Strict about what a proxy has to send; trusts that lines end in CRLF.

export interface ReadMessage {
  /** Request or status line. */
  readonly line: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  body: string;
  complete: boolean;
}

type Framing = 'none' | 'length' | 'chunked' | 'close';

export class MessageReader {
  /** Called when a head is there: 'none' for a message without body (HEAD, 204, 304, 1xx). */
  private readonly hasBody: (message: ReadMessage) => boolean;
  private readonly isResponse: boolean;
  private text: string;
  private framing: Framing;
  private left: number;
  message: ReadMessage | null;
  /** Why what came cannot be HTTP; '' when it can. */
  fault: string;

  constructor(isResponse: boolean, hasBody: (message: ReadMessage) => boolean) {
    this.isResponse = isResponse;
    this.hasBody = hasBody;
    this.text = '';
    this.framing = 'none';
    this.left = 0;
    this.message = null;
    this.fault = '';
  }

  /** Bytes that belong to no message yet. */
  get rest(): string {
    return this.text;
  }

  feed(text: string): void {
    this.text += text;
  }

  /** Reads on; the message that is under way or has just become complete, null before its head. */
  read(): ReadMessage | null {
    if (this.message === null && !this.readHead()) return null;
    const message = this.message!;
    if (!message.complete) this.readBody(message);
    return message;
  }

  /** Takes a complete message off, to go on with the next. */
  next(): void {
    this.message = null;
  }

  /** The peer has ended its stream. */
  end(): void {
    const { message } = this;
    if (message !== null && !message.complete && this.framing === 'close') message.complete = true;
  }

  private readHead(): boolean {
    const end = this.text.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const [line, ...lines] = this.text.slice(0, end).split('\r\n');
    this.text = this.text.slice(end + 4);
    const headers = new Map<string, string>();
    for (const one of lines) {
      const colon = one.indexOf(':');
      if (colon <= 0) this.fault = `a header line without name: ${one}`;
      const name = one.slice(0, colon).toLowerCase();
      const value = one.slice(colon + 1).trim();
      const before = headers.get(name);
      headers.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    const pattern = this.isResponse ? /^HTTP\/1\.1 [1-5]\d\d( |$)/ : /^[A-Z]+ \S+ HTTP\/1\.[01]$/;
    if (!pattern.test(line)) this.fault = `not a first line: ${line.slice(0, 80)}`;
    this.message = { line, headers, body: '', complete: false };
    this.chooseFraming(this.message);
    return true;
  }

  private chooseFraming(message: ReadMessage): void {
    const length = message.headers.get('content-length');
    const coding = message.headers.get('transfer-encoding');
    if (coding !== undefined && length !== undefined) this.fault = 'two framings';
    this.left = 0;
    if (!this.hasBody(message)) this.framing = 'none';
    else if (coding !== undefined) this.framing = 'chunked';
    else if (length !== undefined) this.framing = 'length';
    else this.framing = this.isResponse ? 'close' : 'none';
    if (this.framing === 'length') this.left = Number(length);
    message.complete = this.framing === 'none' || (this.framing === 'length' && this.left === 0);
  }

  private readBody(message: ReadMessage): void {
    if (this.framing === 'close') {
      message.body += this.text;
      this.text = '';
    } else if (this.framing === 'length') {
      this.takePayload(message);
      message.complete = this.left === 0;
    } else {
      while (this.readChunk(message)) {}
    }
  }

  private takePayload(message: ReadMessage): void {
    const part = this.text.slice(0, this.left);
    message.body += part;
    this.left -= part.length;
    this.text = this.text.slice(part.length);
  }

  /** One step; false: it needs more bytes, or all is read. `left` is payload and its CRLF. */
  private readChunk(message: ReadMessage): boolean {
    if (this.left > 2) {
      const part = this.text.slice(0, this.left - 2);
      if (part === '') return false;
      message.body += part;
      this.left -= part.length;
      this.text = this.text.slice(part.length);
      return true;
    }
    if (this.left > 0) {
      if (this.text.length < 2) return false;
      if (!this.text.startsWith('\r\n')) this.fault = 'a chunk that does not end';
      this.text = this.text.slice(2);
      this.left = 0;
      return true;
    }
    return this.readChunkSize(message);
  }

  private readChunkSize(message: ReadMessage): boolean {
    const end = this.text.indexOf('\r\n');
    if (end < 0) return false;
    const digits = /^[0-9a-fA-F]+/.exec(this.text)?.[0];
    if (digits === undefined) {
      this.fault = `not a chunk size: ${this.text.slice(0, 20)}`;
      return false;
    }
    const size = Number.parseInt(digits, 16);
    if (size > 0) {
      this.text = this.text.slice(end + 2);
      this.left = size + 2;
      return true;
    }
    // The last chunk: trailer lines and an empty one follow.
    const last = this.text.indexOf('\r\n\r\n', end);
    if (last < 0) return false;
    this.text = this.text.slice(last + 4);
    message.complete = true;
    return false;
  }
}

/** A body as chunks of the given pieces, with a trailer line when `trailer` is not ''. */
export function chunkedText(pieces: readonly string[], trailer = ''): string {
  const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
  return `${chunks.join('')}0\r\n${trailer === '' ? '' : `${trailer}\r\n`}\r\n`;
}

/** Payload that tells where it belongs: no two messages share a long piece. */
export function payload(name: string, bytes: number): string {
  const unit = `${name}.`;
  let text = '';
  for (let count = 0; text.length < bytes; count++) text += `${unit}${count};`;
  return text.slice(0, bytes);
}
