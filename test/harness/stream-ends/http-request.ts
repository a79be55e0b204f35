// HTTP streams that end before a server has them (see ../stream-ends.ts). What is logged was
// recorded with HAProxy 3.5-dev5 by the test itself; where ours differs, a comment says why.

import { requestTo, type Story } from '../stream-ends.ts';
import { server, simple, whole } from './words.ts';

export const requestStories: readonly Story[] = [
  { name: 'an answer', back: [server], play: simple('/ok'), logged: ['-- ---- 200 - 200 0'] },
  {
    name: 'a server error',
    back: [server],
    play: simple('/error'),
    logged: ['-- ---- 503 - 503 0'],
  },
  {
    name: 'nothing was asked, the client leaves',
    play: async ({ client }) => {
      const one = client('');
      one.socket.end();
      await one.closed;
    },
    logged: ['CR CR-- 400 - - 0'],
  },
  {
    name: 'half a request, the client leaves',
    play: async ({ client }) => {
      const one = client('GET / HTTP/1.1\r\n');
      one.socket.end();
      await one.closed;
    },
    logged: ['CR CR-- 400 - - 0'],
  },
  {
    name: 'half a request, the client is silent',
    front: ['timeout http-request 100ms'],
    play: whole('GET / HTTP/1.1\r\n'),
    logged: ['cR cR-- 408 - - 0'],
  },
  {
    name: 'nothing, the client is silent',
    front: ['timeout http-request 100ms'],
    play: whole(''),
    logged: ['cR cR-- 408 - - 0'],
  },
  { name: 'no request', play: whole('x y z\r\n\r\n'), logged: ['PR PR-- 400 - - 0'] },
  {
    name: 'half a body, the client is silent',
    front: ['timeout client 100ms'],
    back: [server],
    play: whole('POST /silent HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf'),
    logged: ['cH cH-- 400 - 400 0'],
  },
  {
    name: 'half a body that is waited for, the client is silent',
    front: ['option http-buffer-request', 'timeout http-request 100ms'],
    back: [server],
    play: whole('POST /ok HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf'),
    logged: ['cR cR-- 408 - 408 0'],
  },
  {
    name: 'half a body, the client leaves',
    back: [server],
    play: async ({ client, asked }) => {
      const one = client('POST /silent HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf');
      await asked();
      one.close();
    },
    logged: ['CH CH-- 400 - 400 0'],
  },
  {
    name: 'deny',
    front: ['http-request deny'],
    play: simple('/'),
    logged: ['PR PR-- 403 - 403 0'],
  },
  {
    name: 'deny with a status',
    front: ['http-request deny deny_status 429'],
    play: simple('/'),
    logged: ['PR PR-- 429 - 429 0'],
  },
  {
    name: 'reject',
    front: ['http-request reject'],
    play: simple('/'),
    logged: ['PR PR-- -1 - - 0'],
  },
  {
    name: 'return',
    front: ['http-request return status 204'],
    play: simple('/'),
    logged: ['LR LR-- 204 - 204 0'],
  },
  {
    name: 'redirect',
    front: ['redirect location /x'],
    play: simple('/'),
    logged: ['LR LR-- 302 - 302 0'],
  },
  {
    name: 'tarpit',
    front: ['timeout tarpit 50ms', 'http-request tarpit'],
    play: simple('/'),
    logged: ['PT PT-- 500 - 500 0'],
  },
  {
    name: 'tarpit, the client leaves',
    front: ['timeout tarpit 500ms', 'http-request tarpit'],
    play: async ({ client, streams }) => {
      const one = client(requestTo('/'));
      await streams(1);
      one.close();
    },
    // HAProxy keeps the client until its time is over: PT 500. The manual (8.5) has CT.
    logged: ['CT CT-- 400 - 400 0'],
  },
  {
    name: 'monitor-uri is not logged',
    front: ['monitor-uri /up'],
    play: async (stage) => {
      await simple('/up')(stage);
      await simple('/other')(stage);
    },
    logged: ['SC SC-- 503 - 503 0'],
  },
  {
    name: 'monitor fail is not logged either',
    front: ['monitor-uri /up', 'monitor fail if TRUE'],
    play: async (stage) => {
      await simple('/up')(stage);
      await simple('/other')(stage);
    },
    logged: ['SC SC-- 503 - 503 0'],
  },
  {
    name: 'the statistics page',
    front: ['stats uri /st'],
    play: simple('/st'),
    logged: ['LR LR-- 200 - 200 0'],
  },
  {
    name: 'no backend',
    front: ['use_backend none_%[int(1)]'],
    play: simple('/'),
    logged: ['SC SC-- 503 - 503 0'],
  },
  { name: 'no server', play: simple('/'), logged: ['SC SC-- 503 - 503 0'] },
  {
    name: 'a server that is down',
    back: [`${server} disabled`],
    play: simple('/ok'),
    logged: ['SC SC-- 503 - 503 0'],
  },
  {
    name: 'nobody listens',
    back: ['retries 0', 'server s $refused'],
    play: simple('/'),
    logged: ['SC SC-- 503 - 503 0'],
  },
  {
    name: 'nobody listens, retried',
    back: ['retries 1', 'server s $refused'],
    play: simple('/'),
    logged: ['SC SC-- 503 - 503 1'],
  },
  {
    name: 'nobody listens, the next server answers',
    back: ['retries 1', 'option redispatch 1', 'server s $refused', `server t $origin backup`],
    play: simple('/ok'),
    logged: ['SC SC-- 503 - 503 1'],
  },
  {
    name: 'the connection is not answered',
    back: ['retries 0', 'timeout connect 100ms', 'server s $full'],
    play: simple('/'),
    logged: ['sC sC-- 503 - 503 0'],
  },
  {
    name: 'the connection is not answered, the client leaves',
    back: ['option abortonclose', 'timeout connect 10s', 'server s $full'],
    play: async ({ client, streams }) => {
      const one = client(requestTo('/'));
      await streams(1);
      one.close();
    },
    logged: ['CC CC-- -1 - - 0'],
  },
];
