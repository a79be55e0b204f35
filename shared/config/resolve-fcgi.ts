// FastCGI applications against the proxies and servers that need them (manual 10.1). Called by
// resolve.ts when every line has been read.

import { type Draft, finalWarning } from './draft.ts';
import type { ProxyDraft } from './keyword.ts';
import type { FcgiAppModel } from './model-fcgi.ts';

/** Reports what cannot work together. */
export function resolveFcgi(draft: Draft): void {
  for (const proxy of draft.proxies) if (!proxy.model.disabled) checkProxy(proxy, draft);
  for (const app of draft.fcgiApps) checkApp(app, draft);
}

function checkProxy({ model, section }: ProxyDraft, draft: Draft): void {
  const { diagnostics } = draft;
  const { fcgiApp: name, fcgiPlace, mode } = model;
  const who = `${section} '${model.name}'`;
  const servers = model.servers.filter(({ proto }) => proto === 'fcgi');
  const checked = model.servers.filter(({ checks }) => checks.proto === 'fcgi');
  if (name === '') {
    for (const server of [...servers, ...checked]) {
      const message = `server '${server.name}' of ${who} : FastCGI needs an application.`;
      diagnostics.alert(server.place, message, "'use-fcgi-app' names one");
    }
    return;
  }
  const place = fcgiPlace ?? model.place;
  if (mode !== 'http') {
    diagnostics.alert(place, `${who} : a FastCGI application needs 'mode http'.`);
  }
  if (!draft.fcgiApps.some((app) => app.name === name)) {
    diagnostics.alert(place, `${who} : there is no fcgi-app '${name}'.`);
  }
  if (servers.length === 0) {
    const hint = "a server line with 'proto fcgi' is needed";
    diagnostics.alert(place, `${who} : no server speaks FastCGI.`, hint);
  }
  if (model.bandwidth.length > 0 && !model.fcgiFilter) {
    const hint = `'filter fcgi-app ${name}' says when it acts`;
    const others = 'other filters are used';
    diagnostics.alert(place, `${who} : fcgi-app '${name}' needs a filter line: ${others}.`, hint);
  }
  if (model.restrictReqHdrNames === 'default') model.restrictReqHdrNames = 'delete';
}

function checkApp(app: FcgiAppModel, draft: Draft): void {
  if (app.docroot === '') {
    draft.diagnostics.alert(app.place, `fcgi-app '${app.name}': 'docroot' is missing.`);
  }
  if (app.multiplexes || app.asksValues) return;
  if (app.requestMax > 1) {
    const message = `fcgi-app '${app.name}': 'option max-reqs' is ignored without multiplexing.`;
    finalWarning(draft, app.place, message);
  }
  app.requestMax = 1;
}
