// Inputs of converters carried by a request: header `t1`, `t2`, ... hold texts, `x1`, ... bytes in
// base64, so that the reference and we start from the same bytes.

import { emptyScene, type Scene } from '../scene.ts';

/** Texts as header values and bytes; `inputs` name them in the same order. */
interface Carried {
  readonly message: string;
  readonly inputs: readonly string[];
}

export function carry(texts: readonly string[], bytes: readonly string[]): Carried {
  const encoded = bytes.map((one) => Buffer.from(one, 'latin1').toString('base64'));
  const lines = [
    'GET /carry HTTP/1.1',
    'host: carry.example',
    ...texts.map((text, index) => `t${index}: ${text}`),
    ...encoded.map((text, index) => `x${index}: ${text}`),
  ];
  return {
    message: `${lines.join('\r\n')}\r\n\r\n`,
    inputs: [
      ...texts.map((_, index) => `req.fhdr(t${index})`),
      ...bytes.map((_, index) => `req.fhdr(x${index}),b64dec`),
    ],
  };
}

/** A scene that asks chains on what a request carries and on other starts. */
export function carriedScene(
  name: string,
  carried: Carried,
  chains: readonly string[],
  more: Partial<Scene> = {},
): Scene {
  const inputs = [...carried.inputs, ...(more.inputs ?? [])];
  return {
    ...emptyScene,
    place: 'request',
    message: carried.message,
    ...more,
    name,
    inputs,
    chains,
  };
}

/** The texts and bytes of a message that `carry` made. */
export function carriedBytes(message: string): readonly string[] {
  return message.split('\r\n').flatMap((line) => {
    const [, letter, value] = /^([tx])\d+: (.*)$/s.exec(line) ?? [];
    if (letter === undefined) return [];
    return [letter === 't' ? value : Buffer.from(value, 'base64').toString('latin1')];
  });
}
