// The master program with the fake worker: HAProxy's flags, real sockets, no proxy behind them.

import { runMaster } from '../../master/main.ts';

const workerUrl = new URL('./fake-worker/', import.meta.url);
process.exit(await runMaster(process.argv.slice(2), { workerUrl }));
