// From the path of a request to what an application is told of it: script name and path info
// (manual 10.1.1, path-info and index; 10.2).

import { hexValue } from './syntax.ts';

const percent = 37;
const notHex = 255;

/** `path` with its escapes decoded; '': it is empty, or an escape is none. */
export function decodePath(path: string): string {
  let at = path.indexOf('%');
  if (at < 0) return path;
  let text = path.slice(0, at);
  while (at < path.length) {
    const code = path.charCodeAt(at);
    if (code !== percent) {
      text += path[at++];
      continue;
    }
    const high = hexAt(path, at + 1);
    const low = hexAt(path, at + 2);
    if (high === notHex || low === notHex) return '';
    text += String.fromCharCode(high * 16 + low);
    at += 3;
  }
  return text;
}

function hexAt(path: string, at: number): number {
  return at < path.length ? hexValue[path.charCodeAt(at) & 255] : notHex;
}

/** What a section says about paths. */
export interface ScriptRules {
  readonly pathInfo: { exec(text: string): RegExpExecArray | null } | null;
  readonly index: string;
}

/** What an application is told of a path. */
export interface FoundScript {
  script: string;
  /** '': none. */
  info: string;
}

/** Fills `found` from a path without its query. False: the path cannot be used. */
export function findScript(app: ScriptRules, path: string, found: FoundScript): boolean {
  const decoded = decodePath(path);
  if (decoded === '') return false;
  found.script = decoded;
  found.info = '';
  if (app.pathInfo !== null) {
    if (decoded.includes('\n') || decoded.includes('\0')) return false;
    const match = app.pathInfo.exec(decoded);
    if (match?.[1] !== undefined) {
      found.script = match[1];
      found.info = match[2] ?? '';
    }
  }
  if (found.script.endsWith('/')) found.script += app.index;
  return true;
}
