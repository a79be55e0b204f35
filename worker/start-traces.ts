// What the `traces` sections of a configuration turn on, before threads start. Called by main.ts;
// threads attach their tracers to it.

import type { Model } from '../shared/config/model.ts';
import { runTrace, traceSinks } from '../shared/trace/commands.ts';
import { makeTraces } from '../shared/trace/settings.ts';
import { sourceReload, traceUser } from '../shared/trace/sources.ts';
import { traceEvent, tracer } from './log/trace.ts';

/** Memory of the settings, as the sections say. */
export function startTraces({ traces, rings }: Model): Int32Array {
  const scene = { words: makeTraces(), sinks: traceSinks(rings) };
  for (const { words } of traces) runTrace(scene, words);
  return scene.words;
}

const reloadTexts = {
  conf_new: 'begins to serve',
  conf_stop: 'takes no new clients',
  conf_end: 'has no clients any more',
} as const;
type ReloadEvent = keyof typeof reloadTexts;

/** A configuration comes or goes: events of the source `reload`. Control thread. */
export function traceReload(event: ReloadEvent, generation: number): void {
  if (!tracer.isOn(sourceReload)) return;
  const point = traceEvent(sourceReload, event, traceUser);
  tracer.report(point, {}, `configuration ${generation} ${reloadTexts[event]}`, () => {
    return `pid=${process.pid}`;
  });
}
