// The agent of a server: what it is sent, and what the words of its answer mean (manual 5.2,
// agent-check): health, administrative state, weight and maxconn. Control thread only.

import { checkStatusNumber, statusChecked } from '../../shared/segment/check-status.ts';
import { type CheckPlan, type CheckStep, expectStep, judgedOver, judgedWait } from './plan.ts';
import { finishSteps } from './rules.ts';
import { newConnect } from './steps.ts';

const L7Ok = checkStatusNumber('L7OK');
const L7Status = checkStatusNumber('L7STS');

/** The plan of an agent; its answer's first line becomes the result's info. */
export function agentPlan(sent: () => string): CheckPlan {
  const drafts: CheckStep[] = [newConnect(0, { isDefault: true, isImplicit: true })];
  drafts.push({ kind: 'send', number: 1, comment: '', text: sent, isHex: false });
  drafts.push(
    expectStep({
      number: 2,
      judge: (answer, isLast) => {
        const text = answer.text();
        const end = /[\r\n\0]/.exec(text)?.index ?? -1;
        if (end < 0 && !isLast && !answer.isFull()) return judgedWait;
        answer.status = statusChecked;
        answer.info = end < 0 ? '' : text.slice(0, end);
        // Only a whole line counts.
        answer.code = end < 0 ? unfinished : 0;
        return judgedOver;
      },
    }),
  );
  return {
    family: 'protocol',
    steps: finishSteps(drafts),
    presets: [],
    disablesOn404: false,
    sendsState: false,
  };
}

/** Code of an answer whose line has no end. */
export const unfinished = -1;

/** What an agent has said. '' and null: nothing of that kind. */
export interface AgentReply {
  readonly health: '' | 'up' | 'down';
  /** The word it used for that. */
  readonly healthWord: string;
  readonly admin: '' | 'ready' | 'drain' | 'maint';
  readonly weight: string;
  readonly maxconn: string;
  /** The first word that means nothing. */
  readonly unknown: string;
  /** What follows a sharp. */
  readonly description: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const healthWords: Readonly<Record<string, 'up' | 'down'>> = {
  up: 'up',
  down: 'down',
  stopped: 'down',
  fail: 'down',
};
const adminWords = new Set(['ready', 'drain', 'maint']);

/** Reads the words of an agent's line; the last of a kind wins. */
export function parseAgentLine(line: string): AgentReply {
  const sharp = line.indexOf('#');
  const words = (sharp < 0 ? line : line.slice(0, sharp)).split(/[ \t,]+/);
  const reply: Mutable<AgentReply> = {
    health: '',
    healthWord: '',
    admin: '',
    weight: '',
    maxconn: '',
    unknown: '',
    description: sharp < 0 ? '' : line.slice(sharp + 1).replace(/^[ \t]+/, ''),
  };
  for (const word of words) if (word !== '') takeWord(reply, word);
  return reply;
}

function takeWord(reply: Mutable<AgentReply>, word: string): void {
  const lower = word.toLowerCase();
  if (healthWords[lower] !== undefined) {
    reply.health = healthWords[lower];
    reply.healthWord = word;
  } else if (adminWords.has(lower)) {
    // The set holds exactly the members of the union.
    reply.admin = lower as AgentReply['admin'];
  } else if (/^\d.*%/.test(word)) reply.weight = word;
  else if (lower.startsWith('maxconn:')) reply.maxconn = word.slice('maxconn:'.length);
  else if (lower.startsWith('weight:')) reply.weight = word.slice('weight:'.length);
  else if (reply.unknown === '') reply.unknown = word;
}

/** Status and text of a reply; `warning`: what became of weight and maxconn, '' for nothing odd. */
export function agentResult(reply: AgentReply, warning: string): { status: number; info: string } {
  const { health, healthWord, unknown, description } = reply;
  if (health === '') {
    if (unknown !== '') return checked(`agent reports an error : ${unknown}`);
    return checked(warning === '' ? '' : `agent warns : ${warning}`);
  }
  const isUp = health === 'up';
  const usesOwn = description !== '' && !isUp;
  const said = usesOwn ? description : isUp || description === '' ? unknown || warning : '';
  const text = said || description;
  const more = text === '' ? '' : ` (${text})`;
  return { status: isUp ? L7Ok : L7Status, info: `via agent : ${healthWord}${more}` };
}

function checked(info: string): { status: number; info: string } {
  return { status: statusChecked, info };
}
