// The checks of a proxy as built: steps that a run takes one after the other. Made by rules.ts and
// protocols.ts from the model's lines, run by run.ts. Control thread, and once on each proxy thread
// so that mistakes are found at start.

import type { AddressModel, LineModel } from '../../shared/config/model.ts';
import type { Act, Evaluate, FormatText, Scope } from '../keyword.ts';
import type { Answer } from './answer.ts';

interface StepBase {
  /** As reports number it: from 1; 0 is the connection that no rule asks for. */
  readonly number: number;
  comment: string;
}

export interface ConnectStep extends StepBase {
  readonly kind: 'connect';
  readonly address: AddressModel | null;
  /** 0: not given. */
  readonly port: number;
  readonly portOf: Evaluate | null;
  readonly sendsProxy: boolean;
  readonly viaSocks4: boolean;
  readonly tls: boolean;
  readonly sni: string;
  /** The Host header of the request that follows, for a connection that names no server. */
  sniOf: FormatText | null;
  readonly alpn: string;
  /** '' automatic, 'h1', 'h2', 'none'. */
  readonly proto: string;
  /** Closed politely instead of with a reset. */
  readonly lingers: boolean;
  /** What follows makes the handshake's last ACK needless: our bytes, or our reset. */
  delaysAck: boolean;
  /** What the server line says of its checks counts. */
  readonly isDefault: boolean;
  readonly isImplicit: boolean;
}

export interface SendStep extends StepBase {
  readonly kind: 'send';
  /** The bytes, one character each. */
  readonly text: FormatText;
  /** They are hexadecimal still. */
  readonly isHex: boolean;
}

export interface RequestStep extends StepBase {
  readonly kind: 'request';
  /** It came from `option httpchk` alone. */
  isFromOption: boolean;
  method: string;
  uri: FormatText | null;
  version: string;
  headers: readonly { readonly name: string; readonly value: FormatText }[];
  body: FormatText | null;
}

/** What a rule makes of what has come. */
export const judgedWait = 0;
export const judgedGood = 1;
/** `answer.status` and `answer.info` say why. */
export const judgedBad = 2;
/** The whole check ends well here (agents, databases): `answer.status` says how. */
export const judgedOver = 3;

export interface ExpectStep extends StepBase {
  readonly kind: 'expect';
  /** `isLast`: nothing more will come. */
  readonly judge: (answer: Answer, isLast: boolean) => number;
  /** Index of the step that is taken again when more has come. */
  readonly head: number;
  readonly isInverse: boolean;
  readonly onSuccess: FormatText | null;
  readonly onError: FormatText | null;
  /** Rows of checkStatuses, 0: the usual one. */
  readonly okStatus: number;
  readonly errorStatus: number;
  readonly timeoutStatus: number;
  readonly statusCode: Evaluate | null;
  /** ` (expect string 'x')`, for a connection that fails meanwhile. */
  readonly awaited: string;
  /** ` 'x'`, for what did not match. */
  readonly missed: string;
}

/** What an expectation says that is not usual. */
export type ExpectedStep = Pick<ExpectStep, 'number' | 'judge'> & Partial<Omit<ExpectStep, 'kind'>>;

/** An expectation with what is usual for all that it does not say. */
export function expectStep(said: ExpectedStep): ExpectStep {
  return {
    kind: 'expect',
    comment: '',
    head: 0,
    isInverse: false,
    onSuccess: null,
    onError: null,
    okStatus: 0,
    errorStatus: 0,
    timeoutStatus: 0,
    statusCode: null,
    awaited: '',
    missed: '',
    ...said,
  };
}

export interface ActStep extends StepBase {
  readonly kind: 'act';
  readonly act: Act;
}

export type CheckStep = ConnectStep | SendStep | RequestStep | ExpectStep | ActStep;

/** A step while the list is made: comments stand in it too. */
export type DraftStep = CheckStep | { readonly kind: 'comment'; comment: string; number: number };

/**
 * How the rest of a report reads: steps of tcp-check are told, those of HTTP have a status, the
 * others say nothing of themselves.
 */
export type CheckFamily = 'tcp' | 'http' | 'protocol';

export interface CheckPlan {
  readonly family: CheckFamily;
  readonly steps: readonly CheckStep[];
  /** Variables that are set before the first step: index and value. */
  readonly presets: readonly (readonly [index: number, value: string | number])[];
  readonly disablesOn404: boolean;
  readonly sendsState: boolean;
}

/** What building needs beside the scope of a line. */
export interface CheckScope {
  /** The scope of `line`, where checks are evaluated. */
  at(line: LineModel): Scope;
  /** Builds the action that a rule names; null: there is none of that name, or it was wrong. */
  action(line: LineModel): Act | 'unknown' | null;
}
