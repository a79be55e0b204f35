// What the master CLI answers by itself (management.txt 9.4): the words, for its help, for -dKall
// and for completion. What they do is in master/master-commands.ts.

import type { CommandRow } from './command-help.ts';

export interface MasterCommandRow extends CommandRow {
  /** Workers have a command of this name too. */
  readonly isShared: boolean;
}

const own = (words: string, usage: string, help: string): MasterCommandRow => ({
  words: words.split(' '),
  usage,
  help,
  isShared: false,
});

const shared = (words: string, usage: string, help: string): MasterCommandRow => ({
  ...own(words, usage, help),
  isShared: true,
});

/** In no order. Without help: known, not shown. */
export const masterCommandRows: readonly MasterCommandRow[] = [
  own('@!<pid>', '', 'send a command to the worker with this process id'),
  own('@<relative pid>', '', 'send a command to a worker; @1 is the current one'),
  own('@master', '', 'send a command to the master'),
  own('_loadstatus', '', ''),
  own('hard-reload', '', 'load the configuration again; old workers are ended'),
  own('mcli-debug-mode', '', ''),
  own('reload', '', 'load the configuration again; old workers finish'),
  own('show proc', '[debug]', 'show the processes and their age'),
  shared('echo', '<text>', 'print text to the output'),
  shared('experimental-mode', '', ''),
  shared('expert-mode', '', ''),
  shared('help', '', ''),
  shared('operator', '', 'lower the level of this session to operator'),
  shared('prompt', '', ''),
  shared('quit', '', ''),
  shared('show cli level', '', 'show what this session may do'),
  shared('show cli sockets', '', 'list the sockets this API listens on'),
  shared('show env', '[var]', 'show the environment the master was started with'),
  shared('show startup-logs', '', 'show the messages of the last start or reload'),
  shared('show version', '', 'show the version of this process'),
  shared('user', '', 'lower the level of this session to user'),
];
