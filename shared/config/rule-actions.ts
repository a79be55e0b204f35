// Actions that HAProxy 3.5 knows, by rule set: the compiler says "not supported yet" for one of
// these that it has no entry for, and "unknown" for all else. A star stands for a suffix: `set-
// var*` is `set-var(name)`, `track-sc*` is `track-sc0`. Facts only; nothing here works by being
// listed.

import type { RuleSet } from './model.ts';

const list = (text: string): readonly string[] => text.split(' ');

export const knownActions: Readonly<Record<RuleSet, readonly string[]>> = {
  'tcp-request connection': list(
    'accept capture do-log expect-netscaler-cip expect-proxy reject sc-add-gpc* sc-inc-gpc* ' +
      'sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* set-dst set-dst-port set-fc-mark ' +
      'set-fc-tos set-mark set-src set-src-port set-tos set-var* set-var-fmt* silent-drop ' +
      'track-sc* unset-var*',
  ),
  'tcp-request session': list(
    'accept attach-srv do-log reject sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* ' +
      'sc-set-gpt* sc-set-gpt0* set-dst set-dst-port set-fc-mark set-fc-tos set-mark set-src ' +
      'set-src-port set-tos set-var* set-var-fmt* silent-drop track-sc* unset-var*',
  ),
  'tcp-request content': list(
    'accept capture do-log do-resolve* reject sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* ' +
      'sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group set-bandwidth-limit set-bc-mark ' +
      'set-bc-tos set-dst set-dst-port set-fc-mark set-fc-tos set-log-level set-mark set-nice ' +
      'set-priority-class set-priority-offset set-retries set-src set-src-port set-tos ' +
      'set-var* set-var-fmt* silent-drop switch-mode track-sc* unset-var* use-service',
  ),
  'tcp-response content': list(
    'accept close do-log reject sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* ' +
      'sc-set-gpt* sc-set-gpt0* send-spoe-group set-bandwidth-limit set-fc-mark set-fc-tos ' +
      'set-log-level set-mark set-nice set-tos set-var* set-var-fmt* silent-drop unset-var*',
  ),
  'http-request': list(
    'add-acl* add-header add-headers-bin allow auth cache-use capture del-acl* del-header ' +
      'del-headers-bin del-map* deny disable-l7-retry do-log do-resolve* early-hint ' +
      'normalize-uri pause redirect reject replace-header replace-path replace-pathq ' +
      'replace-uri replace-value return sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* ' +
      'sc-set-gpt* sc-set-gpt0* send-spoe-group set-bandwidth-limit set-bc-mark set-bc-tos ' +
      'set-dst set-dst-port set-fc-mark set-fc-tos set-header set-headers-bin set-log-level ' +
      'set-map* set-mark set-method set-nice set-path set-pathq set-priority-class ' +
      'set-priority-offset set-query set-retries set-src set-src-port set-timeout set-tos ' +
      'set-uri set-var* set-var-fmt* silent-drop strict-mode tarpit track-sc* unset-var* ' +
      'use-service wait-for-body wait-for-handshake',
  ),
  'http-response': list(
    'add-acl* add-header add-headers-bin allow cache-store capture del-acl* del-header ' +
      'del-headers-bin del-map* deny do-log pause redirect replace-header replace-value ' +
      'return sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* ' +
      'send-spoe-group set-bandwidth-limit set-fc-mark set-fc-tos set-header set-headers-bin ' +
      'set-log-level set-map* set-mark set-nice set-status set-timeout set-tos set-var* ' +
      'set-var-fmt* silent-drop strict-mode track-sc* unset-var* wait-for-body',
  ),
  'http-after-response': list(
    'add-header add-headers-bin allow capture del-acl* del-header del-headers-bin del-map* ' +
      'do-log replace-header replace-value sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* ' +
      'sc-set-gpt* sc-set-gpt0* set-header set-headers-bin set-log-level set-map* set-status ' +
      'set-var* set-var-fmt* strict-mode unset-var*',
  ),
};

/** True when `word` (as written, with its parenthesis or number) is an action of the rule set. */
export function isKnownAction(set: RuleSet, word: string): boolean {
  return knownActions[set].some((action) =>
    action.endsWith('*') ? word.startsWith(action.slice(0, -1)) : action === word.split('(')[0],
  );
}
