// Words of `server` lines that say how a name becomes an address (manual 5.2, 5.3): while starting,
// and by a resolvers section while the process serves.

import { isIP } from 'node:net';
import { parseNetwork } from '../../address.ts';
import type { ServerKeyword } from '../keyword.ts';
import type { ResolutionModel } from '../model-resolvers.ts';
import { wordText } from './bind.ts';

const addressWays = new Set(['last', 'libc', 'none']);
const networksMax = 5;

const options: ReadonlyMap<string, Partial<ResolutionModel>> = new Map([
  ['allow-dup-ip', { allowsTwins: true }],
  ['ignore-weight', { ignoresWeight: true }],
  ['prevent-dup-ip', { allowsTwins: false }],
]);

export const serverResolutionWords: readonly ServerKeyword[] = [
  {
    name: 'init-addr',
    takes: 1,
    help: 'how the address is found while starting',
    example: 'server s 127.0.0.1:80 init-addr last,libc,none',
    parse: ({ line, index }, { model }) => {
      const ways = line.arg(index + 1).split(',');
      const bad = ways.find((way) => !addressWays.has(way) && isIP(way) === 0);
      if (bad === undefined) model.initAddr = ways;
      else line.alert(index + 1, `'init-addr' : unknown initialization method '${bad}'.`);
    },
  },
  {
    name: 'resolvers',
    takes: 1,
    help: 'resolvers section that keeps the address up to date',
    example: 'server s 127.0.0.1:80 resolvers default',
    parse: (cursor, { model }) => {
      model.resolvers = wordText(cursor) ?? model.resolvers;
    },
  },
  {
    name: 'resolve-prefer',
    takes: 1,
    help: 'family that is preferred when a name has addresses of both',
    example: 'server s 127.0.0.1:80 resolve-prefer ipv4',
    parse: ({ line, index }, { model }) => {
      const family = line.arg(index + 1);
      if (family === 'ipv4' || family === 'ipv6') {
        model.resolution = { ...model.resolution, prefer: family };
      } else line.alert(index + 1, "'resolve-prefer' expects either ipv4 or ipv6 as argument.");
    },
  },
  {
    name: 'resolve-net',
    takes: 1,
    help: 'networks whose addresses are preferred',
    example: 'server s 127.0.0.1:80 resolve-net 10.0.0.0/8',
    parse: ({ line, index }, { model }) => {
      const text = line.arg(index + 1);
      if (text === '') return void line.alert(index, "'resolve-net' expects a list of networks.");
      const networks = [...model.resolution.networks];
      for (const word of text.split(',')) {
        const network = parseNetwork(word);
        if (networks.length >= networksMax) {
          line.alert(index + 1, `'resolve-net' exceed ${networksMax} networks.`);
          return;
        }
        if (network === null) {
          line.alert(index + 1, `'resolve-net' invalid network '${word}'.`);
          return;
        }
        networks.push(network);
      }
      model.resolution = { ...model.resolution, networks };
    },
  },
  {
    name: 'resolve-opts',
    takes: 1,
    help: 'whether servers may share an address, and weights of SRV records',
    example: 'server s 127.0.0.1:80 resolve-opts allow-dup-ip,ignore-weight',
    parse: ({ line, index }, { model }) => {
      for (const word of line.arg(index + 1).split(',')) {
        const fields = options.get(word);
        if (fields !== undefined) model.resolution = { ...model.resolution, ...fields };
        else if (word !== '') {
          const known = "'allow-dup-ip', 'ignore-weight', and 'prevent-dup-ip'";
          line.alert(
            index + 1,
            `'resolve-opts' : unknown resolve-opts option '${word}', supported methods are ${known}.`,
          );
          return;
        }
      }
    },
  },
];
