// What the Model knows of email alerts: sections of mail servers, and what proxies send to them.

import type { Place } from './diagnostic.ts';
import type { AddressModel } from './model.ts';

export interface MailerModel {
  readonly place: Place;
  readonly name: string;
  readonly address: AddressModel;
}

/** A `mailers` section: each mailer gets every message. */
export interface MailersModel {
  readonly place: Place;
  readonly name: string;
  /** `timeout mail`. */
  timeoutMs: number;
  readonly mailers: MailerModel[];
}

/** The `email-alert` lines of a proxy; '' for those that are missing. */
export interface EmailAlertModel {
  readonly place: Place;
  readonly mailers: string;
  readonly from: string;
  readonly to: string;
  /** Name that the mail server is greeted with, '' for the host's. */
  readonly hostname: string;
  /** Severity of syslog: messages up to this number are sent. */
  readonly level: number;
}
