// The dashboard's page as one reader gets it: the text of the build, with what is known of the
// configuration and of the reader in its head. Called on proxy threads.

import { escapeHtml } from '../stats/html.ts';

/** What is put in where the page says so. */
export const headMark = '<!--head-->';

export interface PageFacts {
  readonly uri: string;
  /** Events are here. */
  readonly eventsUri: string;
  /** The statistics page. */
  readonly classicUri: string;
  /** '' where it is not shown. */
  readonly version: string;
  readonly node: string;
  readonly description: string;
  readonly isAdmin: boolean;
  /** In the page of those who may change something; the stream tells it again when it changes. */
  readonly token: string;
}

/** The page for a reader; every fact is escaped and read by the page's script. */
export function pageText(page: string, facts: PageFacts): string {
  const { uri, eventsUri, classicUri, version, node, description, isAdmin, token } = facts;
  const named: Readonly<Record<string, string>> = {
    uri,
    events: eventsUri,
    classic: classicUri,
    version,
    node,
    description,
    admin: isAdmin ? 'yes' : 'no',
    token: isAdmin ? token : '',
  };
  const lines = Object.entries(named).map(
    ([name, value]) => `<meta name="hawser-${name}" content="${escapeHtml(value)}">`,
  );
  const at = page.indexOf(headMark);
  return page.slice(0, at) + lines.join('\n') + page.slice(at + headMark.length);
}
