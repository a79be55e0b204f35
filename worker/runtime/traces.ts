// `trace` and `show trace` (management.txt 9.3).

import { runTrace, showTrace } from '../../shared/trace/commands.ts';
import { failure, type RuntimeCommandDef } from './command.ts';

export const traceCommands: readonly RuntimeCommandDef[] = [
  {
    words: ['show', 'trace'],
    requires: 'operator',
    usage: '[<module>]',
    help: 'show live tracing state',
    run: ({ context, words }) => {
      const { text, isFault } = showTrace(context.traces, words[0] ?? '');
      return isFault ? failure(text.trimEnd()) : text;
    },
  },
  {
    words: ['trace'],
    requires: 'operator',
    usage: '[<module>|0] [cmd [args...]]',
    help: 'manage live tracing (empty to list, 0 to stop all)',
    run: ({ context, words }) => {
      const { text, isFault } = runTrace(context.traces, words);
      return isFault ? failure(text.trimEnd()) : text;
    },
  },
];
