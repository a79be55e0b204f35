// email-alert: mails about changes of servers, to every mailer of a section (manual 12.3). The
// library speaks SMTP; here is what is said, to whom, and how many messages may wait. Control
// thread; never waits itself.

import type { EmailAlertModel, MailerModel, Model } from '../../shared/config/model.ts';

/** One message for one mail server. */
export interface Mail {
  readonly mailer: MailerModel;
  readonly timeoutMs: number;
  /** Name that the mail server is greeted with. */
  readonly greeting: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Sends it; rejects with the reason. */
export type SendMail = (mail: Mail) => Promise<void>;

export interface MailHost {
  readonly model: Pick<Model, 'proxies' | 'mailers'> & {
    readonly global: { readonly node: string };
  };
  warn(text: string): void;
}

/** Messages of one mail server that wait; what comes then is dropped and counted. */
const waitingMax = 100;

/** One mail server of one section: a message after the other. */
class Outbox {
  private readonly waiting: Mail[] = [];
  private isSending = false;
  private dropped = 0;
  private readonly send: SendMail;
  private readonly warn: (text: string) => void;

  constructor(send: SendMail, warn: (text: string) => void) {
    this.send = send;
    this.warn = warn;
  }

  put(mail: Mail): void {
    if (this.waiting.length >= waitingMax) {
      this.dropped++;
      return;
    }
    this.waiting.push(mail);
    if (!this.isSending) void this.sendAll();
  }

  private async sendAll(): Promise<void> {
    this.isSending = true;
    for (let mail = this.waiting.shift(); mail !== undefined; mail = this.waiting.shift()) {
      const { name } = mail.mailer;
      try {
        await this.send(mail);
      } catch (fault) {
        const reason = fault instanceof Error ? fault.message : String(fault);
        this.warn(`Email alert could not be sent to mailer ${name}: ${reason}`);
      }
      if (this.dropped > 0) {
        this.warn(`${this.dropped} email alerts to mailer ${name} were dropped: too many wait`);
      }
      this.dropped = 0;
    }
    this.isSending = false;
  }
}

/** What a runtime or a check calls: see MailAlerts.note. */
export function mailNotes(
  model: Model,
  host: Pick<MailHost, 'warn'>,
): (proxyIndex: number, level: number, text: string) => void {
  const alerts = new MailAlerts({ model, warn: (text) => host.warn(text) }, sendMail);
  return (proxyIndex, level, text) => alerts.note(proxyIndex, level, text);
}

export class MailAlerts {
  private readonly host: MailHost;
  private readonly send: SendMail;
  private readonly boxes: Map<MailerModel, Outbox>;

  constructor(host: MailHost, send: SendMail) {
    this.host = host;
    this.send = send;
    this.boxes = new Map();
  }

  /** Something has happened to a server of the proxy; `level` as syslog numbers severities. */
  note(proxyIndex: number, level: number, text: string): void {
    const { model } = this.host;
    const { emailAlert: alert } = model.proxies[proxyIndex];
    if (alert === null || level > alert.level) return;
    const section = model.mailers.find(({ name }) => name === alert.mailers);
    for (const mailer of section?.mailers ?? []) {
      this.boxOf(mailer).put(this.mailOf(alert, mailer, section?.timeoutMs ?? 0, text));
    }
  }

  private mailOf(alert: EmailAlertModel, mailer: MailerModel, timeoutMs: number, text: string) {
    const { from, to, hostname } = alert;
    return {
      ...{ mailer, timeoutMs, from, to, text },
      greeting: hostname || this.host.model.global.node,
      subject: `[HAProxy Alert] ${text}`,
    };
  }

  private boxOf(mailer: MailerModel): Outbox {
    const known = this.boxes.get(mailer);
    if (known !== undefined) return known;
    const box = new Outbox(this.send, (text) => this.host.warn(text));
    this.boxes.set(mailer, box);
    return box;
  }
}

interface Library {
  createTransport(options: object): Transporter;
}

interface Transporter {
  sendMail(message: object): Promise<unknown>;
  close(): void;
}

const packageName: string = 'nodemailer';
let library: Library | null = null;

/** Before privileges are dropped: a proxy may have alerts. */
export async function loadMailLibrary({ proxies }: Pick<Model, 'proxies'>): Promise<void> {
  if (library !== null || proxies.every(({ emailAlert }) => emailAlert === null)) return;
  // It has no types: what is used of it stands above.
  const loaded = (await import(packageName)) as unknown as { readonly default: Library };
  library = loaded.default;
}

/** Speaks SMTP to the mailer. */
export const sendMail: SendMail = (mail) => {
  if (library === null) throw new Error('loadMailLibrary was not called before');
  return deliver(library, mail);
};

async function deliver(library: Library, mail: Mail): Promise<void> {
  const { mailer, timeoutMs, greeting, from, to, subject, text } = mail;
  const { host, port } = mailer.address;
  const transport = library.createTransport({
    ...{ host, port, name: greeting, secure: false, ignoreTLS: true },
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(new Error('timeout mail is over')), timeoutMs);
  });
  try {
    await Promise.race([transport.sendMail({ from, to, subject, text: `${text}\n` }), late]);
  } finally {
    clearTimeout(timer);
    transport.close();
  }
}
