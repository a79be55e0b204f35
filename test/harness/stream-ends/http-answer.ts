// HTTP streams that end in a queue or with a server (see http-request.ts).

import { requestTo, type Story } from '../stream-ends.ts';
import { closing, server, simple } from './words.ts';

export const answerStories: readonly Story[] = [
  {
    name: 'time is over in the queue',
    back: ['timeout queue 100ms', `${server} maxconn 1`],
    play: async ({ client, asked }) => {
      const one = client(requestTo('/silent'));
      await asked();
      await client(requestTo('/ok', closing)).closed;
      one.close();
    },
    logged: ['sQ sQ-- 503 - 503 0'],
  },
  {
    name: 'the client leaves the queue',
    back: ['option abortonclose', `${server} maxconn 1`],
    play: async ({ client, asked, streams }) => {
      const one = client(requestTo('/silent'));
      await asked();
      const two = client(requestTo('/ok'));
      await streams(2);
      two.close();
      await streams(1);
      one.close();
    },
    logged: ['CQ CQ-- -1 - - 0'],
  },
  {
    name: 'the server is silent',
    back: ['timeout server 100ms', server],
    play: simple('/silent'),
    logged: ['sH sH-- 504 - 504 0'],
  },
  {
    name: 'the client leaves before the answer',
    back: ['option abortonclose', server],
    play: async ({ client, asked }) => {
      const one = client(requestTo('/patient'));
      await asked();
      one.close();
    },
    logged: ['CH CH-- 400 - 400 0'],
  },
  {
    name: 'the server closes',
    back: ['retries 0', server],
    play: simple('/close'),
    logged: ['SH SH-- 502 - 502 0'],
  },
  {
    name: 'the server resets',
    back: ['retries 0', server],
    play: simple('/reset'),
    logged: ['SH SH-- 502 - 502 0'],
  },
  {
    name: 'half a head, then silence',
    back: ['timeout server 100ms', server],
    play: simple('/half-head'),
    logged: ['sH sH-- 504 - 504 0'],
  },
  {
    name: 'half a head, then the end',
    back: [server],
    play: simple('/cut-head'),
    logged: ['PH PH-- 502 - 502 0'],
  },
  {
    name: 'no answer of HTTP',
    back: [server],
    play: simple('/bad'),
    logged: ['PH PH-- 502 - 502 0'],
  },
  {
    name: 'the answer is denied',
    back: ['http-response deny', server],
    play: simple('/ok'),
    logged: ['PH PH-- 502 - 502 0'],
  },
  {
    name: 'the answer is replaced',
    back: ['http-response return status 202', server],
    play: simple('/ok'),
    logged: ['LH LH-- 202 - 202 0'],
  },
  {
    name: 'half a body, then silence',
    back: ['timeout server 100ms', server],
    play: simple('/stall'),
    logged: ['sD sD-- 200 - 200 0'],
  },
  {
    name: 'half a body, then the end',
    back: [server],
    play: simple('/cut'),
    logged: ['SD SD-- 200 - 200 0'],
  },
  {
    name: 'the client leaves in the middle',
    back: [server],
    play: async ({ client }) => {
      const one = client(requestTo('/stall'));
      await one.has('half');
      one.reset();
    },
    logged: ['CD CD-- 200 - 200 0'],
  },
  {
    name: 'the client does not read',
    front: ['timeout client 200ms'],
    back: [server],
    play: async ({ client, streams }) => {
      const one = client(requestTo('/endless'));
      await one.has('chunked');
      one.socket.pause();
      await streams(0);
      one.close();
    },
    logged: ['cD cD-- 200 - 200 0'],
  },
  {
    name: 'shut down by the runtime API',
    back: [server],
    play: async ({ client, command }) => {
      const one = client(requestTo('/stall'));
      await one.has('half');
      await command('shutdown sessions server $be/s');
      await one.closed;
    },
    // HAProxy: KC 500, in spite of what the client has got. The manual (8.5) has D.
    logged: ['KD KD-- 200 - 200 0'],
  },
  {
    name: 'shut down before the answer',
    back: [server],
    play: async ({ client, asked, command }) => {
      const one = client(requestTo('/silent'));
      await asked();
      await command('shutdown sessions server $be/s');
      await one.closed;
    },
    // HAProxy: KC 500; nothing is sent to the client by either.
    logged: ['KH KH-- -1 - - 0'],
  },
  {
    name: 'on-marked-down',
    back: [`${server} on-marked-down shutdown-sessions check inter 1h`],
    play: async ({ client, command }) => {
      const one = client(requestTo('/stall'));
      await one.has('half');
      await command('set server $be/s health down');
      await one.closed;
    },
    // HAProxy: DC 500.
    logged: ['DD DD-- 200 - 200 0'],
  },
  {
    name: 'on-marked-up',
    back: [
      `${server} on-marked-up shutdown-backup-sessions check inter 1h disabled`,
      'server t $origin backup',
    ],
    play: async ({ client, command }) => {
      const one = client(requestTo('/stall'));
      await one.has('half');
      await command('enable server $be/s');
      await command('set server $be/s health down');
      await command('set server $be/s health up');
      await one.closed;
    },
    // HAProxy: UC 500.
    logged: ['UD UD-- 200 - 200 0'],
  },
  {
    name: 'a rule about contents',
    front: ['tcp-request content reject'],
    play: simple('/'),
    logged: ['PR PR-- -1 - - 0'],
  },
  {
    name: 'a rule about the answer',
    back: ['tcp-response content reject', server],
    play: simple('/ok'),
    logged: ['PD PD-- -1 - - 0'],
  },
  {
    name: 'switching protocols without a tunnel',
    back: ['timeout tunnel 100ms', server],
    play: simple('/ok'),
    logged: ['-- ---- 200 - 200 0'],
  },
];
