// How TCP streams end (see http-request.ts).

import type { Story } from '../stream-ends.ts';
import { server, whole } from './words.ts';

const line = (path: string): string => `x ${path} $story\n`;

export const tcpStories: readonly Story[] = [
  {
    name: 'both sides end',
    mode: 'tcp',
    back: [server],
    play: whole(line('/close')),
    logged: ['-- 0'],
  },
  {
    name: 'the client resets',
    mode: 'tcp',
    back: [server],
    play: async ({ client, asked }) => {
      const one = client(line('/silent'));
      await asked();
      one.reset();
    },
    logged: ['CD 0'],
  },
  {
    name: 'the server resets',
    mode: 'tcp',
    back: [server],
    play: whole(line('/reset')),
    logged: ['SD 0'],
  },
  {
    name: 'the server is silent',
    mode: 'tcp',
    back: ['timeout server 100ms', server],
    play: whole(line('/silent')),
    logged: ['sD 0'],
  },
  {
    name: 'the client is silent',
    mode: 'tcp',
    front: ['timeout client 100ms'],
    back: [server],
    play: whole(line('/silent')),
    logged: ['cD 0'],
  },
  {
    name: 'nobody listens',
    mode: 'tcp',
    back: ['retries 0', 'server s $refused'],
    play: whole(''),
    logged: ['SC 0'],
  },
  {
    name: 'no server',
    mode: 'tcp',
    play: whole(''),
    logged: ['SC 0'],
  },
  {
    name: 'the connection is not answered',
    mode: 'tcp',
    back: ['retries 0', 'timeout connect 100ms', 'server s $full'],
    play: whole('x'),
    logged: ['sC 0'],
  },
  {
    name: 'refused by a rule',
    mode: 'tcp',
    front: ['tcp-request content reject'],
    back: [server],
    play: whole('x'),
    logged: ['PR 0'],
  },
  {
    name: 'the rule waits, the client leaves',
    mode: 'tcp',
    front: ['tcp-request inspect-delay 10s', 'tcp-request content reject if { req.len gt 9 }'],
    back: [server],
    play: async ({ client, streams }) => {
      const one = client('x');
      await streams(1);
      one.reset();
    },
    logged: ['CR 0'],
  },
  {
    name: 'the answer is refused by a rule',
    mode: 'tcp',
    back: ['tcp-response content reject', server],
    play: whole(line('/ok')),
    logged: ['PD 0'],
  },
  {
    name: 'time is over in the queue',
    mode: 'tcp',
    back: ['timeout queue 100ms', `${server} maxconn 1`],
    play: async ({ client, asked }) => {
      const one = client(line('/silent'));
      await asked();
      await client('x').closed;
      one.close();
    },
    logged: ['sQ 0'],
  },
  {
    name: 'shut down by the runtime API',
    mode: 'tcp',
    back: [server],
    play: async ({ client, asked, command }) => {
      const one = client(line('/silent'));
      await asked();
      await command('shutdown sessions server $be/s');
      await one.closed;
    },
    // HAProxy: KC.
    logged: ['KD 0'],
  },
  {
    name: 'on-marked-down',
    mode: 'tcp',
    back: [`${server} on-marked-down shutdown-sessions check inter 1h`],
    play: async ({ client, asked, command }) => {
      const one = client(line('/silent'));
      await asked();
      await command('set server $be/s health down');
      await one.closed;
    },
    // HAProxy: DC.
    logged: ['DD 0'],
  },
];
