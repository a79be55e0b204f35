// Cookies as the end of a stream shows them (see http-request.ts).

import { requestTo, type Story } from '../stream-ends.ts';
import { closing, server, simple, whole } from './words.ts';

const inserted = [
  'cookie S insert indirect',
  `${server} cookie one`,
  'server t $origin cookie two',
];
const withCookie = (value: string, path = '/ok'): Story['play'] =>
  whole(requestTo(path, `cookie: S=${value}\r\n${closing}`));

export const cookieStories: readonly Story[] = [
  { name: 'no cookie', back: inserted, play: simple('/ok'), logged: ['-- --NI 200 - 200 0'] },
  {
    name: 'a valid cookie',
    back: inserted,
    play: withCookie('one'),
    logged: ['-- --VN 200 - 200 0'],
  },
  {
    name: 'an unknown cookie',
    back: inserted,
    play: withCookie('none'),
    logged: ['-- --II 200 - 200 0'],
  },
  {
    name: 'the cookie of a server that is down',
    back: [...inserted, 'server u $origin cookie three disabled'],
    play: withCookie('three'),
    logged: ['-- --DI 200 - 200 0'],
  },
  {
    name: 'the server sets one',
    back: inserted,
    play: simple('/set'),
    logged: ['-- --NI 200 - 200 0'],
  },
  {
    name: 'the server sets one that is left alone',
    back: ['cookie S', `${server} cookie one`],
    play: simple('/set'),
    logged: ['-- ---- 200 - 200 0'],
  },
  {
    name: 'the server sets one that is rewritten',
    back: ['cookie S rewrite', `${server} cookie one`],
    play: simple('/set'),
    logged: ['-- --NR 200 - 200 0'],
  },
  {
    name: 'the server sets one that gets a prefix',
    back: ['cookie S prefix', `${server} cookie one`],
    play: simple('/set'),
    logged: ['-- --NR 200 - 200 0'],
  },
  {
    name: 'one with a prefix comes',
    back: ['cookie S prefix', `${server} cookie one`],
    play: withCookie('one~x'),
    logged: ['-- --VN 200 - 200 0'],
  },
  {
    name: 'too old a cookie',
    back: ['cookie S insert indirect maxidle 10s maxlife 20s', `${server} cookie one`],
    play: withCookie('one|AAAAA|AAAAA'),
    logged: ['-- --VU 200 - 200 0'],
  },
  {
    name: 'a cookie without its date',
    back: ['cookie S insert indirect maxidle 10s', `${server} cookie one`],
    play: withCookie('one'),
    logged: ['-- --VU 200 - 200 0'],
  },
  {
    name: 'a cookie is preserved',
    back: ['cookie S insert preserve', `${server} cookie one`],
    play: simple('/set'),
    logged: ['-- --NP 200 - 200 0'],
  },
  {
    name: 'use-server goes before the cookie',
    back: ['use-server t if TRUE', ...inserted],
    play: withCookie('one'),
    logged: ['-- --UN 200 - 200 0'],
  },
];
