// What proxies say about their log lines: formats, steps, tags. Rows write the format fields; what
// a format says is the compiler's business. Targets are read by log-target.ts.

import type { ProxyDraft, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import { chosenSteps } from '../log-steps.ts';
import { readLog } from './log-target.ts';

/** What a log preset is called, for the warning about overwriting in defaults. */
function presetName(proxy: ProxyDraft): string {
  const { logFormat, logPreset } = proxy.model;
  if (logFormat !== null) return 'log-format';
  return logPreset === 'default' ? '' : `option ${logPreset}log`;
}

function warnOverride(line: Line, proxy: ProxyDraft): void {
  const old = presetName(proxy);
  if (proxy.section === 'defaults' && old !== '') {
    line.warning(-1, `'${line.name}' overrides previous '${old}' in 'defaults' section.`);
  }
  if (proxy.section === 'backend') {
    const { name } = proxy.model;
    line.warning(-1, `backend '${name}' : '${line.name}' directive is ignored in backends.`);
  }
}

function presetRow(preset: 'tcp' | 'http' | 'https', clf: boolean): ProxyKeyword {
  const name = `option ${preset}log`;
  return {
    name,
    side: 'both',
    defaults: 'yes',
    help: `the ${preset.toUpperCase()} log format`,
    example: name,
    parse: (line, proxy) => {
      if (!line.atMost(clf ? 1 : 0)) return;
      const wanted = line.arg(0);
      if (wanted !== '' && (!isForm(wanted) || preset === 'tcp')) {
        if (wanted === 'clf') line.notSupported(0, 'option tcplog clf');
        else line.alert(0, `keyword '${preset}log' only supports options 'clf' and 'json'.`);
        return;
      }
      warnOverride(line, proxy);
      proxy.model.logFormat = null;
      proxy.model.logPreset = isForm(wanted) ? wanted : preset;
      proxy.logPresetPlace = line.place(-1);
    },
  };
}

const isForm = (word: string): word is 'clf' | 'json' => word === 'clf' || word === 'json';

function formatRow(
  name: 'log-format' | 'error-log-format' | 'log-format-sd',
  field: 'logFormat' | 'errorLogFormat' | 'logFormatSd',
  help: string,
): ProxyKeyword {
  return {
    name,
    side: 'both',
    defaults: 'yes',
    help,
    example: `${name} "%ci:%cp %ST"`,
    parse: (line, proxy) => {
      if (line.needed(0, 'an argument') === null || !line.atMost(1)) return;
      if (field === 'logFormat') {
        warnOverride(line, proxy);
        proxy.model.logPreset = 'default';
      } else if (proxy.section === 'backend') {
        line.warning(
          -1,
          `backend '${proxy.model.name}' : '${name}' directive is ignored in backends.`,
        );
      }
      proxy.model[field] = line.model(0, '');
    },
  };
}

function readSteps(line: Line): readonly string[] | null {
  const text = line.atMost(1) ? line.needed(0, "'all' or names of steps") : null;
  if (text === null || text === 'all') return text === null ? null : [text];
  const names = text.split(',').filter((name) => name !== '');
  const wrong = names.find((name) => !chosenSteps.includes(name));
  if (wrong === undefined) return names;
  const list = chosenSteps.join(', ');
  return line.alert(0, `'log-steps' : no step '${wrong}'. Steps are: all, ${list}.`);
}

export const loggingKeywords: readonly ProxyKeyword[] = [
  {
    name: 'log',
    side: 'both',
    defaults: 'yes',
    negatable: true,
    help: 'a log target',
    example: 'log global',
    parse: (line, proxy, draft) => {
      const logs = readLog(line, proxy.model.logs, draft, draft.global.logs);
      if (logs !== null) proxy.model.logs = [...logs];
    },
  },
  {
    name: 'log-tag',
    side: 'both',
    defaults: 'yes',
    help: 'program name in log lines',
    example: 'log-tag web',
    parse: (line, proxy) => {
      const tag = line.atMost(1) ? line.needed(0, 'a tag for use in syslog') : null;
      if (tag !== null) proxy.model.logTag = tag;
    },
  },
  {
    name: 'log-steps',
    side: 'front',
    defaults: 'yes',
    help: 'when log lines are written',
    example: 'log-steps accept,close',
    parse: (line, proxy) => {
      const steps = readSteps(line);
      if (steps !== null) proxy.model.logSteps = steps;
    },
  },
  formatRow('log-format', 'logFormat', 'format of log lines'),
  formatRow('error-log-format', 'errorLogFormat', 'format of log lines of refused connections'),
  formatRow('log-format-sd', 'logFormatSd', 'structured data of log lines'),
  presetRow('tcp', true),
  presetRow('http', true),
  presetRow('https', false),
  {
    name: 'unique-id-format',
    side: 'both',
    defaults: 'yes',
    help: 'format of request identifiers',
    example: 'unique-id-format %[uuid]',
    parse: (line, proxy) => {
      if (line.needed(0, 'an argument') === null || !line.atMost(1)) return;
      proxy.model.uniqueIdFormat = line.model(0, '');
    },
  },
  {
    name: 'unique-id-header',
    side: 'both',
    defaults: 'yes',
    help: 'header that carries the request identifier',
    example: 'unique-id-header X-Request-Id',
    parse: (line, proxy) => {
      const name = line.atMost(1) ? line.needed(0, 'an argument') : null;
      if (name !== null) proxy.model.uniqueIdHeader = name;
    },
  },
];
