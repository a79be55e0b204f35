// A server whose name is resolved while it serves (manual 5.3): what an answer makes of its
// address, and when missing answers take it out of service. Called by its section; what a server is
// elsewhere comes through ServerHost.

import type { ResolutionModel } from '../../shared/config/model-resolvers.ts';
import type { RecordUser } from './records.ts';
import type { Requester, Resolution, Status } from './resolution.ts';
import type { Section } from './section.ts';

/** What is done to servers. */
export interface ServerHost {
  /** '': it has none. */
  hostOf(server: ServerName): string;
  /** Moves it; `by` says who did, for the log, '' for nobody. */
  move(
    server: ServerName,
    to: { readonly host?: string; readonly port?: number },
    by: string,
  ): void;
  /** It has no name while `name` is ''. */
  rename(server: ServerName, name: string, by: string): void;
  /** It is in maintenance because its name does not resolve. */
  isLost(server: ServerName): boolean;
  /** Puts it there; `why` for the log. */
  lose(server: ServerName, why: string): void;
  setWeight(server: ServerName, weight: number): void;
}

const reasons: Readonly<Record<Exclude<Status, 'none'>, string>> = {
  valid: 'No IP for server ',
  nx: 'DNS NX status',
  timeout: 'DNS timeout status',
  refused: 'DNS refused status',
  other: 'unspecified DNS error',
};

export const goneFromService = 'entry removed from SRV record';

export class ServerName implements Requester, RecordUser {
  readonly isLasting: boolean;
  readonly proxyIndex: number;
  readonly serverIndex: number;
  /** How its address is chosen. */
  readonly wish: ResolutionModel;
  readonly section: Section;
  /** It belongs to an SRV record, which gives its name. */
  readonly isOfService: boolean;
  resolution: Resolution | null;
  name: string;
  /** An additional record gives its address, or nothing does. */
  isPaused: boolean;
  private readonly host: ServerHost;

  constructor(
    place: { readonly proxyIndex: number; readonly serverIndex: number },
    model: {
      readonly name: string;
      readonly isOfService: boolean;
      readonly resolution: ResolutionModel;
    },
    section: Section,
    host: ServerHost,
  ) {
    this.isLasting = true;
    this.proxyIndex = place.proxyIndex;
    this.serverIndex = place.serverIndex;
    this.wish = model.resolution;
    this.section = section;
    this.isOfService = model.isOfService;
    this.resolution = null;
    this.name = model.name;
    this.isPaused = false;
    this.host = host;
  }

  /** Asks for its name from now on. */
  link(): void {
    const { section } = this;
    if (this.name !== '') section.join(this, this.name, section.typeFor(this.wish.prefer));
  }

  /** Asks no more. */
  unlink(): void {
    this.resolution?.records.leave(this);
    this.section.leave(this);
  }

  /** Another name; one without a resolution only changes what it is called. */
  rename(name: string): void {
    this.unlink();
    this.name = name;
    if (!this.isPaused) this.link();
  }

  resolved(by: string): boolean {
    const { resolution, host, section } = this;
    if (resolution === null || (this.isOfService && this.isPaused)) return false;
    const choice = resolution.records.choose({
      resolution: this.wish,
      families: section.families,
      current: host.hostOf(this),
      user: this,
    });
    if (choice.address === '') {
      if (this.fail()) host.move(this, { host: '' }, '');
      return false;
    }
    if (!choice.isNew) return false;
    host.move(this, { host: choice.address }, by === '' ? 'DNS cache' : by);
    return true;
  }

  failed(): boolean {
    if (!this.fail()) return true;
    this.host.move(this, { host: '' }, '');
    this.resolution?.records.leave(this);
    return false;
  }

  /** True: it has just been taken out of service. */
  private fail(): boolean {
    const { resolution, host } = this;
    if (host.isLost(this) || resolution?.status === 'none') return false;
    if (resolution !== null && !this.section.isPastHold(resolution)) return false;
    const why = resolution === null ? goneFromService : reasonOf(resolution.status);
    host.lose(this, why);
    return true;
  }
}

function reasonOf(status: Status): string {
  return status === 'none' ? '' : reasons[status];
}
