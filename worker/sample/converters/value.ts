// Converters of integers, booleans, addresses and variables (manual 7.3.1). 64-bit results
// saturate; bit operations do not.

import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import { ipv6ToIpv4, maskIpv6 } from '../address.ts';
import {
  add,
  and,
  cpl,
  div,
  type Int64,
  mod,
  mul,
  neg,
  or,
  sub,
  wordBytes,
  xor,
} from '../int64.ts';
import {
  kindAddress,
  kindAny,
  kindBinary,
  kindBool,
  kindIpv4,
  kindSint,
  kindString,
  type Sample,
} from '../sample.ts';
import { parseSetConditions, variableEraser, variableWriter } from '../variables.ts';
import { integerOperand } from './operand.ts';
import { simple } from './row.ts';

const valueArg: readonly ArgumentDef[] = [{ name: 'value', type: 'string' }];

const isTrue = (sample: Sample): boolean => sample.int !== 0 && sample.int !== 0n;

/** sint, sint -> sint: a constant or a variable as second operand. */
function arithmetic(name: string, help: string, run: (a: Int64, b: Int64) => Int64): ConverterDef {
  return {
    name,
    args: valueArg,
    takes: kindSint,
    returns: kindSint,
    help,
    example: `${name}(2)`,
    build: ([word], scope) => {
      const read = integerOperand(word as string, scope);
      if (read === null) return null;
      return (sample, stream) => {
        const operand = read(stream);
        return operand !== null && sample.setInt(run(sample.int, operand));
      };
    },
  };
}

function buildIpmask(args: readonly ArgumentValue[]): Convert {
  const mask4 = args[0] as number;
  const mask6 = args[1] as string | undefined;
  return (sample) => {
    // An IPv6 address that stands for an IPv4 one gets the IPv4 mask.
    const mapped = sample.kind === kindIpv4 ? (sample.int as number) : ipv6ToIpv4(sample.text);
    if (mapped >= 0) return sample.setIpv4((mapped & mask4) >>> 0);
    return mask6 !== undefined && sample.setIpv6(maskIpv6(sample.text, mask6));
  };
}

function buildIif([yes, no]: readonly ArgumentValue[]): Convert {
  return (sample) => sample.setText((isTrue(sample) ? yes : no) as string);
}

/** set-var(name[,condition...]): keeps the sample as it is. */
function buildSetVar(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [name, ...words] = args as readonly string[];
  const conditions = parseSetConditions(words);
  if (typeof conditions === 'string') {
    scope.alert(conditions);
    return null;
  }
  const write = variableWriter(name, conditions, scope);
  return write === null ? null : (sample, stream) => write(stream, sample);
}

function buildUnsetVar([name]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const erase = variableEraser(name as string, scope);
  if (erase === null) return null;
  return (_sample, stream) => {
    erase(stream);
    return true;
  };
}

const condition: ArgumentDef = { name: 'condition', type: 'string', optional: true };

/** capture-req(slot), capture-res(slot): the value goes to a declared capture. */
function captures(name: string, side: 'request' | 'response'): ConverterDef {
  return {
    name,
    args: [{ name: 'slot', type: 'sint' }],
    takes: kindString,
    returns: kindString,
    help: `keeps the text in a capture slot of the ${side}`,
    example: `${name}(0)`,
    build: ([slot]) => {
      const index = Number(slot);
      return (sample, stream) => {
        const { frontend } = stream;
        const isRequest = side === 'request';
        const declared = isRequest
          ? frontend.captureRequestHeaders
          : frontend.captureResponseHeaders;
        if (index < 0 || index >= declared.length) return false;
        const slots = isRequest ? stream.requestCaptures : stream.responseCaptures;
        while (slots.length < index) slots.push('');
        slots[index] = sample.text.slice(0, declared[index].lengthMax);
        return true;
      };
    },
  };
}

export const values: readonly ConverterDef[] = [
  arithmetic('add', 'adds an integer or a variable', add),
  arithmetic('sub', 'subtracts an integer or a variable', sub),
  arithmetic('mul', 'multiplies by an integer or a variable', mul),
  arithmetic('div', 'divides by an integer or a variable', div),
  arithmetic('mod', 'remainder of a division by an integer or a variable', mod),
  arithmetic('and', 'and, bit by bit', and),
  arithmetic('or', 'or, bit by bit', or),
  arithmetic('xor', 'exclusive or, bit by bit', xor),
  simple('cpl', [kindSint, kindSint], 'every bit inverted', (sample) =>
    sample.setInt(cpl(sample.int)),
  ),
  simple('neg', [kindSint, kindSint], 'the value with the other sign', (sample) =>
    sample.setInt(neg(sample.int)),
  ),
  simple('bool', [kindSint, kindBool], 'true when the value is not zero', (sample) =>
    sample.setBool(isTrue(sample)),
  ),
  simple('not', [kindSint, kindBool], 'true when the value is zero', (sample) =>
    sample.setBool(!isTrue(sample)),
  ),
  simple('even', [kindSint, kindBool], 'true when the value is even', (sample) =>
    sample.setBool(and(sample.int, 1) === 0),
  ),
  simple('odd', [kindSint, kindBool], 'true when the value is odd', (sample) =>
    sample.setBool(and(sample.int, 1) !== 0),
  ),
  simple('htonl', [kindSint, kindBinary], 'the low 32 bits as four bytes', (sample) =>
    sample.setBinary(wordBytes(Number(and(sample.int, 0xffffffff)) >>> 0)),
  ),
  {
    name: 'iif',
    args: [
      { name: 'true', type: 'string' },
      { name: 'false', type: 'string' },
    ],
    takes: kindBool,
    returns: kindString,
    help: 'one text when the value is true, another when not',
    example: 'iif(yes,no)',
    build: buildIif,
  },
  {
    name: 'ipmask',
    args: [
      { name: 'mask4', type: 'mask4' },
      { name: 'mask6', type: 'mask6', optional: true },
    ],
    takes: kindAddress,
    returns: kindAddress,
    help: 'the network part of an address',
    example: 'ipmask(24,64)',
    build: buildIpmask,
  },
  {
    name: 'set-var',
    args: [{ name: 'name', type: 'variable' }, condition, condition, condition, condition],
    takes: kindAny,
    returns: kindAny,
    help: 'sets a variable to the value and keeps the value',
    example: 'set-var(txn.a)',
    build: buildSetVar,
  },
  {
    name: 'unset-var',
    args: [{ name: 'name', type: 'variable' }],
    takes: kindAny,
    returns: kindAny,
    help: 'unsets a variable and keeps the value',
    example: 'unset-var(txn.a)',
    build: buildUnsetVar,
  },
  captures('capture-req', 'request'),
  captures('capture-res', 'response'),
];
