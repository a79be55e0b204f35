// Cookie persistence (manual 4.2, cookie): which server a request's cookie names, and the cookie of
// the response. Edits headers of the stream's messages; what it learns it notes in the stream: the
// server, and the two letters of the log (manual 8.5).

import { headerName, methodPost } from '../http/message.ts';
import type { Stream } from '../stream/stream.ts';
import { isCacheable } from './cacheable.ts';
import { CookieText, cookieDate, cookieSeconds } from './cookie-text.ts';
import type { Server } from './server.ts';

export type CookieMode = 'passive' | 'insert' | 'rewrite' | 'prefix';

/** A `cookie` line, compiled. */
export interface CookiePlan {
  readonly name: string;
  readonly mode: CookieMode;
  readonly indirect: boolean;
  readonly nocache: boolean;
  readonly postonly: boolean;
  readonly preserve: boolean;
  /** 0: no limit. */
  readonly maxIdleSeconds: number;
  readonly maxLifeSeconds: number;
  /** What follows `path=/`: domain, HttpOnly, Secure, attr; each with its leading "; ". */
  readonly attributes: string;
}

const cookieHeader = headerName('cookie');
const setCookieHeader = headerName('set-cookie');
const cacheControl = headerName('cache-control');

const prefixMark = '~';
const dateMark = '|';
const futureMaxSeconds = 86_400;
const removal = 'Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/';

export class CookiePersistence {
  private readonly plan: CookiePlan;
  private readonly usesDown: boolean;
  /** Servers by cookie value; several may share one. */
  private readonly byCookie: Map<string, Server[]>;
  private readonly text: CookieText;
  /** Of a cookie that only the server handles, logs show nothing. */
  private readonly isShown: boolean;

  constructor(plan: CookiePlan, servers: readonly Server[], usesDown: boolean) {
    this.plan = plan;
    this.usesDown = usesDown;
    this.byCookie = new Map();
    this.text = new CookieText();
    this.isShown = plan.mode !== 'passive' || plan.indirect;
    for (const server of servers) this.admit(server);
  }

  /** A server joined. Between two turns, as `clear`. */
  admit(server: Server): void {
    const { cookie } = server.model;
    if (cookie === '') return;
    const list = this.byCookie.get(cookie);
    if (list === undefined) this.byCookie.set(cookie, [server]);
    else list.push(server);
  }

  /** Forgets all servers. */
  clear(): void {
    this.byCookie.clear();
  }

  // ---- request ----

  /** Reads the persistence cookie, and takes out of the request what the server must not see. */
  readRequest(stream: Stream): void {
    this.noteRequest(stream, 'N');
    // Also of an answer that is ours, or of none.
    this.noteResponse(stream, 'N');
    const { request } = stream;
    let index = request.find(cookieHeader, 0);
    for (; index >= 0; index = request.find(cookieHeader, index + 1)) {
      const before = request.valueText(index);
      const after = this.readHeader(stream, before);
      if (after === before) continue;
      if (after === '') request.remove(index);
      else request.setValue(index, after);
    }
  }

  /** Returns the header's value as the server may see it; the same string when nothing changed. */
  private readHeader(stream: Stream, value: string): string {
    const { plan, text } = this;
    const removes = plan.mode === 'insert' && plan.indirect;
    let kept = '';
    let changed = false;
    let drops = false;
    text.start(value);
    while (text.next()) {
      // Attributes with a dollar go with the cookie before them (RFC 2109).
      if (text.name.startsWith('$') && drops) continue;
      drops = false;
      let pair = text.pair;
      if (text.hasValue && text.name === plan.name) {
        const rest = this.readCookie(stream, text.value);
        drops = removes;
        changed ||= removes || rest !== null;
        if (rest !== null) pair = `${text.name}=${rest}`;
      }
      if (!drops) kept += kept === '' ? pair : `; ${pair}`;
    }
    return changed ? kept : value;
  }

  /**
   * Lets the cookie choose. Returns the server's own value in prefix mode when there was a mark.
   */
  private readCookie(stream: Stream, value: string): string | null {
    if (this.plan.mode === 'prefix') {
      const mark = value.indexOf(prefixMark);
      this.choose(stream, mark < 0 ? value : value.slice(0, mark));
      return mark < 0 ? null : value.slice(mark + 1);
    }
    const mark = value.indexOf(dateMark);
    if (mark < 0) {
      this.choose(stream, value);
      return null;
    }
    this.readDates(stream, value.slice(mark + 1));
    this.choose(stream, this.isOutdated(stream) ? '' : value.slice(0, mark));
    return null;
  }

  private readDates(stream: Stream, dates: string): void {
    const mark = dates.indexOf(dateMark);
    stream.cookieLastSeconds = cookieSeconds(mark < 0 ? dates : dates.slice(0, mark));
    if (mark >= 0) stream.cookieFirstSeconds = cookieSeconds(dates.slice(mark + 1));
  }

  /** maxlife, then maxidle; a date more than a day ahead is not believed either. */
  private isOutdated(stream: Stream): boolean {
    const { maxLifeSeconds: life, maxIdleSeconds: idle } = this.plan;
    const now = Math.floor(stream.thread.time.wallMs / 1000);
    const { cookieFirstSeconds: first, cookieLastSeconds: last } = stream;
    const isOld = life > 0 && first > 0 && isBeyond(now, first, life);
    const isExpired = idle > 0 && last > 0 && isBeyond(now, last, idle);
    if (!isOld && !isExpired) return false;
    this.noteRequest(stream, isOld ? 'O' : 'E');
    stream.cookieFirstSeconds = 0;
    stream.cookieLastSeconds = 0;
    return true;
  }

  private choose(stream: Stream, key: string): void {
    const skips = stream.persistIgnored || stream.serverAssigned;
    const servers = skips || key === '' ? undefined : this.byCookie.get(key);
    const { length } = servers ?? none;
    for (let i = 0; i < length; i++) {
      const server = (servers ?? none)[i];
      const stopped = server.isStopped();
      this.noteRequest(stream, stopped ? 'D' : 'V');
      if (stopped && !this.usesDown && !stream.persistForced) continue;
      stream.server = server;
      stream.serverAssigned = true;
      stream.serverForced = true;
      return;
    }
    const { cookieRequest: letter } = stream;
    if (letter === 'D' || letter === 'E' || letter === 'O') return;
    this.noteRequest(stream, skips ? 'U' : 'I');
  }

  // ---- response ----

  /** Rewrites or removes the server's cookie and adds ours. False: no room in the head. */
  writeResponse(stream: Stream): boolean {
    if (stream.persistIgnored) return true;
    const { response } = stream;
    let found = false;
    let index = response.find(setCookieHeader, 0);
    for (; index >= 0; index = response.find(setCookieHeader, index + 1)) {
      this.text.start(response.valueText(index));
      if (!this.text.next() || !this.text.hasValue || this.text.name !== this.plan.name) continue;
      found = true;
      if (!this.editSetCookie(stream, index)) return false;
    }
    if (this.plan.mode !== 'insert' || !this.mustInsert(stream, found)) return true;
    return this.insert(stream);
  }

  private editSetCookie(stream: Stream, index: number): boolean {
    const { plan, text } = this;
    const { response, server } = stream;
    this.noteResponse(stream, 'P');
    if (plan.preserve) return true;
    const removes = plan.mode === 'insert' && server !== null;
    if (removes || (stream.serverForced && plan.indirect)) {
      response.remove(index);
      this.noteResponse(stream, 'D');
      return true;
    }
    const own = server?.model.cookie ?? '';
    if (own === '' || (plan.mode !== 'rewrite' && plan.mode !== 'prefix')) return true;
    this.noteResponse(stream, 'R');
    const value = plan.mode === 'rewrite' ? own : own + prefixMark + text.value;
    return response.setValue(index, `${text.name}=${value}${text.rest()}`);
  }

  /** The client has no cookie of this server, or one whose dates must be renewed. */
  private mustInsert(stream: Stream, found: boolean): boolean {
    const { plan } = this;
    const { cookieLastSeconds: last, cookieFirstSeconds: first, server } = stream;
    if (server === null || (found && plan.preserve)) return false;
    if (plan.postonly && stream.request.method !== methodPost) return false;
    if (!stream.serverForced) return true;
    const now = Math.floor(stream.thread.time.wallMs / 1000);
    const isStale = (plan.maxIdleSeconds > 0 || last > 0) && (last === 0 || last < now);
    return isStale || plan.maxLifeSeconds > 0 !== first > 0;
  }

  private insert(stream: Stream): boolean {
    const { plan } = this;
    const { response } = stream;
    const own = (stream.server as Server).model.cookie; // mustInsert has looked
    const value =
      own === '' ? `${plan.name}=; ${removal}` : `${plan.name}=${own}${this.dates(stream)}; path=/`;
    if (!response.add(setCookieHeader, value + plan.attributes)) return false;
    this.noteResponse(stream, own !== '' && stream.serverForced ? 'U' : 'I');
    if (!plan.nocache || !isCacheable(stream.request, response)) return true;
    return response.add(cacheControl, 'private');
  }

  private noteRequest(stream: Stream, letter: string): void {
    if (this.isShown) stream.cookieRequest = letter;
  }

  private noteResponse(stream: Stream, letter: string): void {
    if (this.isShown) stream.cookieResponse = letter;
  }

  private dates(stream: Stream): string {
    const { maxIdleSeconds, maxLifeSeconds } = this.plan;
    if (maxIdleSeconds === 0 && maxLifeSeconds === 0) return '';
    const now = cookieDate(Math.floor(stream.thread.time.wallMs / 1000) + 3);
    if (maxLifeSeconds === 0) return dateMark + now;
    const first = stream.cookieFirstSeconds;
    return dateMark + now + dateMark + (first > 0 ? cookieDate(first) : now);
  }
}

const none: readonly Server[] = [];

function isBeyond(now: number, date: number, limit: number): boolean {
  return now - date > limit || date - now > futureMaxSeconds;
}
