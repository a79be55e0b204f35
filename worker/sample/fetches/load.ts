// Fetches of what a stream costs and how busy the threads are (manual 7.3.2). Nanoseconds are
// measured while the thread's profile is on (profiling.tasks), and are 0 otherwise, as in HAProxy.

import type { FetchDef } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindSint } from '../sample.ts';
import { plain } from './row.ts';

type Read = (stream: Stream) => number;

const worked: Read = ({ workedUs }) => Math.round(workedUs * 1000);
const waited: Read = ({ waitedUs }) => Math.round(waitedUs * 1000);
const perCall =
  (total: Read): Read =>
  (stream) =>
    stream.calls === 0 ? 0 : Math.round(total(stream) / stream.calls);

const processUsage: Read = ({ thread }) => thread.gauges?.usage() ?? 0;
const groupUsage: Read = (stream) => {
  const { gauges, group } = stream.thread;
  if (group === undefined) return processUsage(stream);
  return gauges?.usageOfThreads(group.first, group.count) ?? 0;
};
const threadUsage: Read = ({ thread }) => thread.gauges?.usageOf(thread.index) ?? 0;

const rows: readonly (readonly [name: string, help: string, read: Read])[] = [
  ['cpu_calls', 'how often the stream was given its turn', ({ calls }) => calls],
  ['cpu_ns_tot', 'nanoseconds that the stream has cost (profiling.tasks)', worked],
  ['cpu_ns_avg', 'nanoseconds that a turn of the stream costs', perCall(worked)],
  ['lat_ns_tot', 'nanoseconds that the stream waited for its turns', waited],
  ['lat_ns_avg', 'nanoseconds that the stream waits for a turn', perCall(waited)],
  ['cpu_usage_thr', 'how busy this thread is, percent', threadUsage],
  ['cpu_usage_grp', 'how busy the threads of the group are, percent', groupUsage],
  ['cpu_usage_proc', 'how busy the threads are, percent', processUsage],
];

export const loads: readonly FetchDef[] = rows.map(([name, help, read]) =>
  plain(name, [kindSint, 'internal'], help, (stream, out) => out.setInt(read(stream))),
);
