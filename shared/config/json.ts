// Configurations that arrive as JSON: the Model itself, checked by the validator that the build
// made of schema.ts. Called by the operator's tool; a text configuration never comes this way.

import { Diagnostics } from './diagnostic.ts';
import type { Model } from './model.ts';

export interface JsonModel {
  /** null when it is not JSON or not a Model; the diagnostics say why. */
  readonly model: Model | null;
  readonly diagnostics: Diagnostics;
}

interface Validator {
  (value: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}

/** Written by the build beside this file; loaded only when JSON arrives. */
const validatorUrl = new URL('./schema-validator.js', import.meta.url).href;

/** Reads a Model from JSON text; `file` names it in messages. */
export async function readJsonModel(file: string, text: string): Promise<JsonModel> {
  const diagnostics = new Diagnostics();
  const place = { file, line: 0, column: 0 };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (fault) {
    diagnostics.alert(place, `${file} is not JSON: ${fault instanceof Error ? fault.message : ''}`);
    return { model: null, diagnostics };
  }
  const { default: validate } = (await import(validatorUrl)) as { default: Validator };
  if (validate(value)) return { model: value as Model, diagnostics };
  for (const { instancePath, message = '' } of validate.errors ?? []) {
    diagnostics.alert(place, `${file}: ${instancePath === '' ? '/' : instancePath} ${message}`);
  }
  return { model: null, diagnostics };
}
