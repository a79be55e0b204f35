// The compile check of the fake worker: a proxy called `bad` is a mistake, one called `odd` a
// warning.

import { Diagnostics } from '../../../shared/config/diagnostic.ts';
import type { Model } from '../../../shared/config/model.ts';

export function checkConfiguration(model: Model): { readonly diagnostics: Diagnostics } {
  const diagnostics = new Diagnostics();
  for (const { name, place } of model.proxies) {
    if (name === 'bad') diagnostics.alert(place, 'this proxy is bad');
    if (name === 'odd') diagnostics.warning(place, 'this proxy is odd');
  }
  return { diagnostics };
}
