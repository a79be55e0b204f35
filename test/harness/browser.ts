// A real Chromium without a window for tests of pages, driven through its debugging pipe: messages
// of the DevTools protocol, each ended by a zero byte. Tests that need it are skipped where it is
// not installed.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Owner } from './proxy.ts';

const isInstalled = spawnSync('chromium', ['--version'], { stdio: 'ignore' }).error === undefined;

/** What node:test wants to hear when a test is skipped; false when there is a browser. */
export const withoutBrowser = isInstalled
  ? false
  : "chromium is not installed (Debian: package 'chromium')";

export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Narrower screens are those of phones: their scroll bars take no room. */
const phonePx = 600;
const pollMs = 50;
const patienceMs = 60_000;

/** One browser with one page. */
export class Browser {
  /** What the page complained of: exceptions, and messages of the console. */
  readonly complaints: string[] = [];
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly input: Writable;
  private readonly calls = new Map<number, (message: Message) => void>();
  private readonly left: Promise<void>;
  private lastId = 0;
  private session = '';
  private isClosed = false;
  private rest = '';

  constructor(folder: string) {
    this.folder = folder;
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    const pipe = ['--remote-debugging-pipe', `--user-data-dir=${folder}`, 'about:blank'];
    this.child = spawn('chromium', [...flags, ...pipe], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    // Node types the extra descriptors as either kind.
    this.input = this.child.stdio[3] as Writable;
    const output = this.child.stdio[4] as Readable;
    output.setEncoding('utf8');
    output.on('data', (part: string) => this.take(part));
    this.input.on('error', () => undefined);
    this.left = new Promise((settle) => this.child.on('close', () => settle()));
  }

  private take(part: string): void {
    const texts = (this.rest + part).split('\0');
    this.rest = texts.pop() ?? '';
    for (const text of texts) this.hear(JSON.parse(text) as Message);
  }

  private hear(message: Message): void {
    const { id, method, params } = message;
    if (id !== undefined) this.calls.get(id)?.(message);
    else if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded') {
      this.complaints.push(JSON.stringify(params));
    }
  }

  /** One call of the protocol. */
  async call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.lastId;
    const session = this.session === '' ? {} : { sessionId: this.session };
    this.input.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const answer = await new Promise<Message>((settle) => this.calls.set(id, settle));
    this.calls.delete(id);
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result ?? {};
  }

  async begin(): Promise<void> {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
    const attached = await this.call('Target.attachToTarget', { targetId, flatten: true });
    this.session = String(attached['sessionId']);
    for (const domain of ['Page', 'Runtime', 'Log']) await this.call(`${domain}.enable`);
  }

  async show({ width, height, scheme }: Screen): Promise<void> {
    const mobile = width < phonePx;
    const metrics = { width, height, deviceScaleFactor: 1, mobile };
    await this.call('Emulation.setDeviceMetricsOverride', metrics);
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.call('Emulation.setEmulatedMedia', { features });
  }

  async open(url: string): Promise<void> {
    await this.call('Page.navigate', { url });
  }

  /** The value of an expression in the page. */
  async value(expression: string): Promise<unknown> {
    const asked = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', asked);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  }

  /** Waits until the expression is true. */
  async until(expression: string): Promise<void> {
    const lastMs = Date.now() + patienceMs;
    while ((await this.value(expression)) !== true) {
      if (Date.now() > lastMs) {
        const text = await this.value('document.body.innerText');
        throw new Error(`never true: ${expression}\n${text}\n${this.complaints.join('\n')}`);
      }
      await new Promise((settle) => setTimeout(settle, pollMs));
    }
  }

  async key(key: string): Promise<void> {
    const text = key.length === 1 ? { text: key } : {};
    await this.call('Input.dispatchKeyEvent', { type: 'keyDown', key, ...text });
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', key });
  }

  /** The whole page, as PNG; kept where HAWSER_SCREENSHOTS says. */
  async screenshot(name: string): Promise<Buffer> {
    const asked = { format: 'png', captureBeyondViewport: true };
    const { data } = await this.call('Page.captureScreenshot', asked);
    const bytes = Buffer.from(String(data), 'base64');
    const folder = process.env['HAWSER_SCREENSHOTS'];
    if (folder !== undefined) writeFileSync(join(folder, `${name}.png`), bytes);
    return bytes;
  }

  /** Ends every process of the browser: each of them writes into its folder until it is gone. */
  async close(): Promise<void> {
    const { pid } = this.child;
    if (pid === undefined || this.isClosed) return;
    this.isClosed = true;
    process.kill(-pid, 'SIGKILL');
    await this.left;
    await removeFolder(this.folder);
  }
}

/** A process that was killed may still be in a call that makes a file. */
async function removeFolder(folder: string): Promise<void> {
  const lastMs = Date.now() + patienceMs;
  for (;;) {
    try {
      rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (Date.now() > lastMs) throw error;
    }
    await new Promise((settle) => setTimeout(settle, pollMs));
  }
}

/** Starts one; it ends with its owner. */
export async function startBrowser(owner: Owner): Promise<Browser> {
  const browser = new Browser(mkdtempSync(join(tmpdir(), 'hawser-browser-')));
  owner.after(() => browser.close());
  await browser.begin();
  return browser;
}
