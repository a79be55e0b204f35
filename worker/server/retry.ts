// `retry-on` (manual 4.2): after which failures a request may be sent again. Made once per backend.

import type { ProxyModel } from '../../shared/config/model.ts';

export interface RetryPlan {
  /** The connection failed and nothing was sent. */
  readonly onConnect: boolean;
  /** The server closed without a byte of an answer. */
  readonly onEmpty: boolean;
  /** What came is no complete HTTP response head. */
  readonly onJunk: boolean;
  readonly onTimeout: boolean;
  /** 1 by status: such an answer is worth another try. */
  readonly statuses: Uint8Array;
  /** Requests are kept until they are answered: some failure behind the connection is retried. */
  readonly keepsRequests: boolean;
  /** In small buffers, where they fit (option use-small-buffers l7-retries). */
  readonly usesSmall: boolean;
  /** Lost connections are retried, so that even a first request may go over a used one. */
  readonly reusesSafely: boolean;
}

const everything = [
  ...['conn-failure', 'empty-response', 'junk-response', 'response-timeout', '0rtt-rejected'],
  ...['500', '502', '503', '504'],
];

/** Start only. */
export function retryPlan(model: Pick<ProxyModel, 'retryOn' | 'mode' | 'smallBuffers'>): RetryPlan {
  const { retryOn, mode } = model;
  const named = retryOn.includes('all-retryable-errors') ? [...retryOn, ...everything] : retryOn;
  // Only connections can fail where there is no HTTP.
  const words = new Set(mode === 'http' ? named : named.filter((word) => word === 'conn-failure'));
  const statuses = new Uint8Array(1000);
  for (const word of words) if (/^\d{3}$/.test(word)) statuses[Number(word)] = 1;
  const onConnect = words.has('conn-failure');
  const onEmpty = words.has('empty-response');
  const onTimeout = words.has('response-timeout');
  const others = [...words].some((word) => word !== 'conn-failure' && word !== '0rtt-rejected');
  return {
    onConnect,
    onEmpty,
    onJunk: words.has('junk-response'),
    onTimeout,
    statuses,
    keepsRequests: others,
    usesSmall: model.smallBuffers.includes('l7-retries'),
    reusesSafely: onConnect && onEmpty && onTimeout,
  };
}
