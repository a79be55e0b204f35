// `log-profile` sections (manual 8.3.5): what a log target shows instead of the proxy's own format,
// step by step. Rows write LogProfileModel; formats are compiled by the worker for each proxy that
// uses the profile.

import type { Mutable, NamedKeyword, NamedSection } from '../keyword.ts';
import type { Line } from '../line.ts';
import { chosenSteps, logStepNumber } from '../log-steps.ts';
import type { LineModel, LogProfileModel } from '../model.ts';

type Profile = Mutable<LogProfileModel>;

/** What the words behind `on STEP` say. */
interface StepWords {
  drops: boolean;
  format: LineModel | null;
  structuredData: LineModel | null;
}

const expected = "expects 'drop', 'format' or 'sd'.";

function readStepWords(line: Line): StepWords | null {
  const words: StepWords = { drops: false, format: null, structuredData: null };
  let index = 1;
  if (line.arg(index) === 'drop') {
    words.drops = true;
    index++;
  }
  for (; index < line.count; index += 2) {
    const word = line.arg(index);
    if (word !== 'format' && word !== 'sd') {
      return line.alert(index, `'on ${line.arg(0)}' ${expected}`);
    }
    if (line.arg(index + 1) === '') {
      return line.alert(index, `'on ${line.arg(0)} ${word}' expects a log-format string.`);
    }
    const { place, words: all, columns, text } = line.model(index + 1, '');
    const format = { place, words: all.slice(0, 1), columns: columns.slice(0, 1), text, from: '' };
    words.drops = false;
    if (word === 'format') words.format = format;
    else words.structuredData = format;
  }
  if (line.count > 1) return words;
  return line.alert(1, `'on ${line.arg(0)}' ${expected}`);
}

export const logProfileKeywords: readonly NamedKeyword<Profile>[] = [
  {
    name: 'log-tag',
    help: 'program name in the lines of this profile',
    example: 'log-tag web',
    parse: (line, profile) => {
      const tag = line.atMost(1) ? line.needed(0, 'a tag for use in syslog') : null;
      if (tag !== null) profile.tag = tag;
    },
  },
  {
    name: 'on',
    help: 'what is logged at one step',
    example: 'on close format "%ci %ST"',
    parse: (line, profile) => {
      const step = line.arg(0);
      if (step !== 'any' && logStepNumber(step) < 0) {
        const list = [...chosenSteps, 'error', 'any'].join("', '");
        line.alert(0, `'on' expects a log step: one of '${list}'.`);
        return;
      }
      const words = readStepWords(line);
      if (words !== null) profile.steps.push({ step, ...words });
    },
  },
];

export const logProfileSection: NamedSection<Profile> = {
  name: 'log-profile',
  rows: logProfileKeywords,
  open: (line, draft) => {
    const name = line.needed(0, 'a name');
    if (name === null || !line.atMost(1)) return null;
    const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
    if (bad !== null) {
      return line.alert(0, `character '${bad[0]}' is not permitted in 'log-profile' name.`);
    }
    const other = draft.logProfiles.find((one) => one.name === name);
    if (other !== undefined) {
      const at = `${other.place.file}:${other.place.line}`;
      return line.alert(0, `log-profile section '${name}' has been declared at ${at} already.`);
    }
    const profile: Profile = { place: line.place(-1), name, tag: '', steps: [] };
    draft.logProfiles.push(profile);
    return profile;
  },
};
