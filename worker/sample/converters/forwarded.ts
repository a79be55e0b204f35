// Converters of RFC 7239 values (manual 7.3.1, "rfc7239_field"): reading the Forwarded header and
// the nodes in it, and writing names and ports of nodes.

import type { ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import { ipv6Text } from '../../conn/endpoint.ts';
import { castSample } from '../cast.ts';
import { and } from '../int64.ts';
import {
  kindAny,
  kindBool,
  kindIpv4,
  kindIpv6,
  kindSint,
  kindString,
  type Sample,
} from '../sample.ts';
import { forwardedFields, forwardedNames, forwardedNode, isObfuscated } from './forwarded-node.ts';
import { simple } from './row.ts';

function buildField([word]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const index = (forwardedNames as readonly string[]).indexOf(word as string);
  if (index < 0) {
    scope.alert(`'${word}' is not a field of RFC 7239: ${forwardedNames.join(', ')} are known`);
    return null;
  }
  return (sample) => {
    const fields = forwardedFields(sample.text);
    return fields !== null && fields[index] !== '' && sample.setText(fields[index]);
  };
}

function nodeName(sample: Sample): boolean {
  const node = forwardedNode(sample.text);
  if (node === null) return false;
  if (node.ipv4 >= 0) return sample.setIpv4(node.ipv4);
  return node.ipv6 !== '' ? sample.setIpv6(node.ipv6) : sample.setText(node.name);
}

function nodePort(sample: Sample): boolean {
  const node = forwardedNode(sample.text);
  if (node === null) return false;
  if (node.port >= 0) return sample.setInt(node.port);
  return node.portName !== '' && sample.setText(node.portName);
}

/** Any value but an address becomes an identifier; an empty one stands for nobody known. */
function writeNodeName(sample: Sample): boolean {
  if (sample.kind === kindIpv6) return sample.setText(`[${ipv6Text(sample.text)}]`);
  const isAddress = sample.kind === kindIpv4;
  if (!castSample(sample, kindString)) return false;
  if (isAddress) return true;
  if (sample.text === '') return sample.setText('unknown');
  return isObfuscated(sample.text) && sample.setText(`_${sample.text}`);
}

/** 32 bits of a number; anything else becomes an identifier. */
function writeNodePort(sample: Sample): boolean {
  if (sample.kind === kindSint) return sample.setText(String(and(sample.int, 0xffffffff)));
  if (!castSample(sample, kindString)) return false;
  return isObfuscated(sample.text) && sample.setText(`_${sample.text}`);
}

export const forwarded: readonly ConverterDef[] = [
  simple('rfc7239_is_valid', [kindString, kindBool], 'a valid Forwarded header', (sample) =>
    sample.setBool(forwardedFields(sample.text) !== null),
  ),
  {
    name: 'rfc7239_field',
    args: [{ name: 'field', type: 'string' }],
    takes: kindString,
    returns: kindString,
    help: 'a parameter of a Forwarded header',
    example: 'rfc7239_field(for)',
    build: buildField,
  },
  simple('rfc7239_n2nn', [kindString, kindAny], 'name of a node: address or identifier', nodeName),
  simple('rfc7239_n2np', [kindString, kindAny], 'port of a node: number or identifier', nodePort),
  simple('rfc7239_nn', [kindAny, kindString], 'a value as the name of a node', writeNodeName),
  simple('rfc7239_np', [kindAny, kindString], 'a value as the port of a node', writeNodePort),
];
