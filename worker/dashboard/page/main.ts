// The live dashboard: one page that follows the event stream of worker/dashboard. This file puts
// its parts together; what they show is in store.ts. Bundled with its style into one HTML text by
// test/page-bundle.ts.

import { column, type FullMessage, point, type ProxyHead, type ServerHead } from '../wire.ts';
import { type Action, sendChange } from './changes.ts';
import { Charts } from './charts.ts';
import { byId, fact, make, setText } from './dom.ts';
import { drawEvents, drawLoads, drawTables } from './lists.ts';
import { Proxies } from './proxies.ts';
import { type Changes, emptyPicture, takeFull, takeTick, usableServers } from './store.ts';
import { Stream } from './stream.ts';
import { clock, duration, milliseconds, shortNumber } from './text.ts';
import { startTheme } from './theme.ts';

const picture = emptyPicture();
const isAdmin = fact('admin') === 'yes';
const charts = new Charts();
const proxies = new Proxies(picture, isAdmin, { change: (...words) => void change(...words) });

// ---- addresses: behind another proxy the path may be another one than here ----

const query = fact('uri').includes('?') ? location.search : '';
// Without the name and password that may stand in the address: fetch refuses those.
const pageUri = location.origin + location.pathname + query;
const eventsUri = pageUri + fact('events').slice(fact('uri').length);

// ---- what is said once ----

function drawHead(): void {
  const node = fact('node') || 'hawser';
  setText(byId('node'), node);
  setText(byId('version'), fact('version'));
  byId<HTMLAnchorElement>('classic').href = fact('classic');
  const description = byId('description');
  setText(description, fact('description'));
  description.hidden = fact('description') === '';
  document.title = `${node} live`;
}

// ---- numbers on top ----

interface Tile {
  readonly title: string;
  readonly at: number;
  readonly text: (value: number | null) => string;
  readonly alarms?: boolean;
}

const plain = (value: number | null): string => shortNumber(value ?? 0);
const tiles: readonly Tile[] = [
  { title: 'Requests/s', at: point.requests, text: plain },
  { title: '5xx/s', at: point.serverErrors, text: plain, alarms: true },
  { title: 'Failed/s', at: point.failures, text: plain, alarms: true },
  { title: 'p95 total time', at: point.p95, text: milliseconds },
  { title: 'Sessions', at: point.sessions, text: plain },
  { title: 'Queued', at: point.queue, text: plain, alarms: true },
];

const tileValues = tiles.map(({ title }) => {
  const value = make('b', {}, '–');
  byId('tiles').append(make('div', { class: 'tile' }, make('span', {}, title), value));
  return value;
});

function drawTiles(): void {
  const last = picture.history.at(-1);
  tiles.forEach(({ at, text, alarms }, index) => {
    const value = last?.[at] ?? null;
    setText(tileValues[index], text(value));
    tileValues[index].classList.toggle('alarm', alarms === true && (value ?? 0) > 0);
  });
  const down = picture.proxies.filter(({ index, hasBack, servers }) => {
    const row = picture.rows.get(`${index}.b`);
    return hasBack && servers.length > 0 && row?.[column.status] === 'DOWN';
  });
  const node = fact('node') || 'hawser';
  document.title = down.length > 0 ? `(${down.length} down) ${node} live` : `${node} live`;
}

function drawProcess(): void {
  const { process } = picture;
  if (process === null) return;
  const facts: readonly (readonly [string, string])[] = [
    ['Worker', `${process.pid}, generation ${process.generation}`],
    ['Up', duration(Date.now() / 1000 - process.startedAt)],
    ['Threads', `${process.threads}, ${process.idle}% idle`],
    ['Connections', `${shortNumber(process.connections)} of ${shortNumber(process.maxconn)}`],
  ];
  const list = byId('process');
  if (list.childElementCount === 0) {
    for (const [name] of facts) list.append(make('div', {}, make('dt', {}, name), make('dd')));
  }
  for (const [index, value] of list.querySelectorAll('dd').entries()) {
    setText(value, facts[index][1]);
  }
}

// ---- changes of servers ----

async function change(head: ProxyHead, server: ServerHead, action: Action): Promise<void> {
  const usable = usableServers(picture, head);
  const isLast = action !== 'ready' && usable.length === 1 && usable[0] === server.index;
  const question = `${server.name} is the last server of ${head.name} that takes traffic. Go on?`;
  if (isLast && !confirm(question)) return;
  const asked = { proxyId: head.id, server: server.name, action };
  await sendChange(pageUri, picture.token || fact('token'), asked);
}

// ---- the stream ----

function drawChanges(changes: Changes): void {
  if (changes.isNew) proxies.rebuild();
  proxies.draw(changes.rows);
  proxies.beat();
  drawTiles();
  drawProcess();
  if (!document.hidden) charts.draw(picture.history);
  if (changes.events) drawEvents(picture.events);
  if (changes.loads) drawLoads(picture.loads);
  if (changes.tables) drawTables(picture.tables);
}

const stream = new Stream(eventsUri, {
  full: (message: FullMessage) => drawChanges(takeFull(picture, message)),
  tick: (message) => drawChanges(takeTick(picture, message)),
  state: (isLive, text) => {
    const link = byId('link');
    link.className = isLive ? 'live' : 'lost';
    const since = isLive ? '' : `, last news ${clock(Date.now())}`;
    if (!link.textContent?.startsWith(text)) setText(link, text + since);
  },
});

// ---- what the reader does ----

const filter = byId<HTMLInputElement>('filter');
const trouble = byId<HTMLInputElement>('trouble');
const find = (): void => proxies.find(filter.value, trouble.checked);
filter.addEventListener('input', find);
trouble.addEventListener('change', find);

function startRange(): void {
  const buttons = [1, 5, 10].map((minutes) => {
    const button = make('button', { type: 'button' }, `${minutes} min`);
    button.addEventListener('click', () => choose(minutes));
    return [minutes, button] as const;
  });
  const choose = (chosen: number): void => {
    for (const [minutes, button] of buttons) {
      button.setAttribute('aria-pressed', String(minutes === chosen));
    }
    charts.show(chosen);
  };
  byId('range').append(...buttons.map(([, button]) => button));
  choose(5);
}

// Nobody sees the charts of a page in the background.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) charts.draw(picture.history);
});

const nextTheme = startTheme(() => charts.redraw());
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target instanceof HTMLInputElement && event.target.type === 'search';
  if (event.key === 'Escape' && isTyping) {
    filter.value = '';
    find();
    filter.blur();
  }
  if (isTyping) return;
  if (event.key === '/') {
    event.preventDefault();
    filter.focus();
  }
  if (event.key === 't') nextTheme();
});

drawHead();
startRange();
stream.open();
