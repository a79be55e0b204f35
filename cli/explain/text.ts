// An explanation for people: what was looked at, in its order, and what came out. Called by
// explain.ts.

import type { ExplainedAcl, ExplainedStep, Explanation } from '../../shared/explanation.ts';
import { type Paint, pad } from '../terminal.ts';

/** Values of an expression that are shown at most. */
const valuesMax = 3;
const textMax = 200;
const unreachedMax = 20;
/** Of a message. */
const linesMax = 40;
const lineColumnsMax = 400;

/** The whole explanation. */
export function explanationText(told: Explanation, paint: Paint): string {
  const parts = [
    listenerText(told, paint),
    stepsText(told, paint),
    unreachedText(told, paint),
    outcomeText(told, paint),
    messageText('the server gets', told.request, paint),
    messageText('the client gets', told.response, paint),
    logsText(told, paint),
    told.notes.map((note) => paint('faint', `note: ${note}`)).join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function listenerText({ listener }: Explanation, paint: Paint): string {
  if (listener === null) return '';
  const { proxy, address, isTls, file, line } = listener;
  const place = paint('faint', `(${file}:${line})`);
  return `frontend ${paint('strong', proxy)}, bind ${address}${isTls ? ' with TLS' : ''} ${place}`;
}

/** Grouped by proxy and rule set, in the order in which they were looked at. */
function stepsText({ steps }: Explanation, paint: Paint): string {
  const width = Math.max(0, ...steps.map(({ line }) => String(line).length));
  let head = '';
  return steps
    .flatMap((step) => {
      const own = `${step.proxy}`;
      const title = own === head ? [] : [paint('strong', own === '' ? 'global' : own)];
      head = own;
      return [...title, ...stepLines(step, width, paint)];
    })
    .join('\n');
}

/** Rules that were not looked at, because an earlier one had decided. */
function unreachedText({ unreached }: Explanation, paint: Paint): string {
  if (unreached.length === 0) return '';
  const width = Math.max(...unreached.map(({ line }) => String(line).length));
  const shown = unreached
    .slice(0, unreachedMax)
    .map(({ line, text }) => paint('faint', `  ${pad(String(line), width, 'right')}  ${text}`));
  const more = unreached.length - shown.length;
  return ['not reached:', ...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

function stepLines(step: ExplainedStep, width: number, paint: Paint): string[] {
  const { line, text, met, verdict } = step;
  const number = paint('faint', pad(String(line), width, 'right'));
  const mark = met === 1 ? paint('good', 'yes') : met === 0 ? 'no ' : paint('warning', ' ? ');
  const did = verdict === '' || verdict === 'done' ? '' : `  ${paint('accent', `-> ${verdict}`)}`;
  const shown = met === 1 ? text : paint('faint', text);
  const blank = ' '.repeat(width + 9);
  const acls = step.acls.map((acl) => `${blank}${aclText(acl, paint)}`);
  const values = step.values
    .filter(
      ({ text: expression }, at) => step.values.findIndex((one) => one.text === expression) === at,
    )
    .map(({ text: expression, value }) => `${blank}${expression} = ${cut(value)}`);
  return [`  ${number}  ${mark}  ${shown}${did}`, ...acls, ...values];
}

function aclText({ text, name, line, result, values }: ExplainedAcl, paint: Paint): string {
  const what = name === '' ? text : `${name} ${paint('faint', `(${line}: ${text})`)}`;
  const answer =
    result === 1 ? paint('good', 'matches') : result === 0 ? 'does not match' : 'is not known yet';
  const more = values.length > valuesMax ? ` and ${values.length - valuesMax} more` : '';
  const list = values.slice(0, valuesMax).map(cut).join(', ');
  return `${what} ${answer}: ${values.length === 0 ? 'no value' : `${list}${more}`}`;
}

const cut = (text: string): string =>
  text.length > textMax ? `${text.slice(0, textMax)}...` : text;

function outcomeText(told: Explanation, paint: Paint): string {
  const { outcome, backend, server, serverAddress, waitedMs } = told;
  const waited = waitedMs >= 1 ? `, after ${waitedMs / 1000} s` : '';
  const by = backend === '' ? '' : `backend ${paint('strong', backend)}${why(told)}`;
  if (outcome === 'server') {
    const chosen = chosenBy(told);
    const at = serverAddress === '' ? '' : ` at ${serverAddress}`;
    return `${by}, server ${paint('strong', server)}${at}${chosen}${waited}`;
  }
  const answered = paint('warning', 'answered by the proxy, no server gets it');
  const what =
    outcome === 'answered' ? answered : paint('error', 'the connection ends without an answer');
  return `${by === '' || backend === told.frontend ? '' : `${by}, `}${what}${waited}`;
}

/** What led to the server. */
function chosenBy({ reason, balance, steps }: Explanation): string {
  if (reason === 'cookie') return ', by its cookie';
  if (reason === 'balance') return balance === '' ? '' : `, balance ${balance}`;
  const rule = steps.findLast(({ text, met }) => met === 1 && text.startsWith('use-server'));
  return rule === undefined ? ', by persistence' : `, use-server (line ${rule.line})`;
}

/** Which line led to the backend. */
function why({ steps, frontend, backend }: Explanation): string {
  if (backend === frontend) return '';
  const rule = steps.find(
    ({ proxy, verdict, text }) =>
      proxy === frontend && verdict === 'chosen' && text.startsWith('use_backend'),
  );
  return rule === undefined ? ' (default_backend)' : ` (line ${rule.line})`;
}

const shortened = (line: string): string =>
  line.length > lineColumnsMax ? `${line.slice(0, lineColumnsMax)}...` : line;

/** Head lines as they are; a body is shown when it is text. */
function messageText(title: string, message: string, paint: Paint): string {
  if (message === '') return '';
  const text = Buffer.from(message, 'latin1').toString('utf8');
  const isText = !/[\x00-\x08\x0e-\x1f\x7f]/.test(text);
  const shown = isText ? text : `${message.length} bytes that are no text`;
  const lines = shown.replace(/\r\n/g, '\n').replace(/\n+$/, '').split('\n');
  const more = lines.length - linesMax;
  const some = more > 0 ? [...lines.slice(0, linesMax), `and ${more} more lines`] : lines;
  const cut = some.map((line) => `  ${shortened(line)}`.trimEnd());
  return [`${paint('strong', title)}:`, ...cut].join('\n');
}

function logsText({ logs }: Explanation, paint: Paint): string {
  if (logs.length === 0) return '';
  return [`${paint('strong', 'log')}:`, ...logs.map((line) => `  ${line}`)].join('\n');
}
