// A `cookie` line into its plan (manual 4.2, cookie). Start only; mistakes are reported through the
// scope.

import type { ProxyModel } from '../../shared/config/model.ts';
import { parseTime } from '../../shared/units.ts';
import type { Scope, WordCursor } from '../keyword.ts';
import type { CookieMode, CookiePlan } from '../server/cookie.ts';
import { setDynamicCookies, twinCookies } from '../sample/dynamic-cookie.ts';
import { lineCursor } from '../line-cursor.ts';

/** The plan while its words are read. */
interface Draft {
  modes: CookieMode[];
  flags: Set<string>;
  domains: string[];
  attributes: string[];
  maxIdleSeconds: number;
  maxLifeSeconds: number;
}

type ReadWord = (draft: Draft, words: WordCursor, scope: Scope) => void;

const flag =
  (name: string): ReadWord =>
  (draft) =>
    void draft.flags.add(name);

const mode =
  (name: CookieMode): ReadWord =>
  (draft) =>
    void draft.modes.push(name);

const seconds =
  (field: 'maxIdleSeconds' | 'maxLifeSeconds'): ReadWord =>
  (draft, words, scope) => {
    const place = words.here();
    const text = words.next();
    const found = parseTime(text, 's');
    if (text === '' || found.fault !== '' || found.value < 1) {
      scope.alertAt(place, `'cookie' expects a number of seconds, not '${text}'`);
      return;
    }
    draft[field] = found.value;
  };

function domain(draft: Draft, words: WordCursor, scope: Scope): void {
  const place = words.here();
  const text = words.next();
  if (!/^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(text)) {
    scope.alertAt(place, `'cookie' expects a domain name, not '${text}'`);
    return;
  }
  draft.domains.push(text);
}

function attribute(draft: Draft, words: WordCursor, scope: Scope): void {
  const place = words.here();
  const text = words.next();
  if (text === '' || /[\x00-\x1f\x7f;]/.test(text)) {
    scope.alertAt(place, "'cookie attr' expects a value without ';' and control characters");
    return;
  }
  draft.attributes.push(text);
}

const readers: ReadonlyMap<string, ReadWord> = new Map(
  Object.entries({
    insert: mode('insert'),
    rewrite: mode('rewrite'),
    prefix: mode('prefix'),
    indirect: flag('indirect'),
    nocache: flag('nocache'),
    postonly: flag('postonly'),
    preserve: flag('preserve'),
    httponly: flag('httponly'),
    secure: flag('secure'),
    domain,
    attr: attribute,
    maxidle: seconds('maxIdleSeconds'),
    maxlife: seconds('maxLifeSeconds'),
    dynamic: flag('dynamic'),
  }),
);

/** Servers whose dynamic cookies are the same. */
export function checkDynamicCookies(model: ProxyModel, scope: Scope): void {
  if (!model.hasDynamicCookies || model.dynamicCookieKey === '') return;
  setDynamicCookies(model);
  for (const { name } of twinCookies(model)) {
    scope.warning(
      `server '${name}' : We generated two equal cookies for two different servers. ` +
        `Please change the secret key for '${model.name}'.`,
    );
  }
}

/** null: the proxy has no `cookie` line, or it was wrong. Only meaningful in mode http. */
export function compileCookie(model: ProxyModel, scope: Scope): CookiePlan | null {
  if (model.cookie === null) return null;
  if (model.mode !== 'http') {
    const kind = model.kind === 'listen' ? 'proxy' : 'backend';
    scope.warning(`cookie will be ignored for ${kind} '${model.name}' (needs 'mode http').`);
    return null;
  }
  const words = lineCursor(model.cookie);
  const name = words.next();
  const draft: Draft = {
    modes: [],
    flags: new Set(),
    domains: [],
    attributes: [],
    maxIdleSeconds: 0,
    maxLifeSeconds: 0,
  };
  while (!words.atEnd()) {
    const place = words.here();
    const word = words.next();
    const read = readers.get(word);
    if (read === undefined) refuse(word, place, scope);
    else read(draft, words, scope);
  }
  return finish(name, draft, model, scope);
}

function refuse(word: string, place: ReturnType<WordCursor['here']>, scope: Scope): void {
  const known = [...readers.keys()].join(', ');
  scope.alertAt(place, `'cookie' does not know '${word}'`, `it knows ${known}`);
}

function finish(name: string, draft: Draft, model: ProxyModel, scope: Scope): CookiePlan | null {
  const { modes, flags, maxIdleSeconds, maxLifeSeconds } = draft;
  const { place } = model.cookie ?? model;
  const cookieMode = modes[0] ?? 'passive';
  const complain = (message: string): null => {
    scope.alertAt(place, message);
    return null;
  };
  if (modes.length > 1) {
    return complain("cookie 'rewrite', 'insert' and 'prefix' modes are mutually exclusive");
  }
  if ((maxIdleSeconds > 0 || maxLifeSeconds > 0) && cookieMode !== 'insert') {
    return complain("cookie 'maxidle' and 'maxlife' only work in 'insert' mode");
  }
  if (flags.has('preserve') && cookieMode !== 'insert' && !flags.has('indirect')) {
    return complain("cookie 'preserve' needs 'insert' or 'indirect'");
  }
  return {
    name,
    mode: cookieMode,
    indirect: flags.has('indirect'),
    nocache: flags.has('nocache'),
    postonly: flags.has('postonly'),
    preserve: flags.has('preserve'),
    maxIdleSeconds,
    maxLifeSeconds,
    attributes: attributesOf(draft),
  };
}

function attributesOf({ domains, flags, attributes }: Draft): string {
  const parts = domains.map((one) => `; domain=${one}`);
  if (flags.has('httponly')) parts.push('; HttpOnly');
  if (flags.has('secure')) parts.push('; Secure');
  return parts.join('') + attributes.map((one) => `; ${one}`).join('');
}
