// Certificates, lists of them, authorities and revocations while the process serves: the control
// thread's copy is changed when every line that uses them can be made of them, then all threads
// follow. Made by control.ts; commands of runtime/ change it.

import type { ControlToThread } from '../shared/messages.ts';
import type { Model, ServerModel } from '../shared/config/model.ts';
import {
  applyTlsChanges,
  entriesOf,
  type TlsFileChanges,
} from '../shared/config/model-certificates.ts';
import { isGone } from '../shared/config/model-server.ts';
import { openSslTls } from '../shared/sys/openssl.ts';
import type { Tls } from '../shared/sys/tls.ts';
import { TlsContexts } from './conn/tls-contexts.ts';
import type { TlsFileAccess } from './runtime/context.ts';

export class TlsStore implements TlsFileAccess {
  private readonly model: Model;
  private readonly broadcast: (message: ControlToThread) => void;
  /** Contexts of this thread's own connections: health checks. */
  private readonly followers: TlsContexts[];
  private library: Tls | null;

  constructor(model: Model, broadcast: (message: ControlToThread) => void) {
    this.model = model;
    this.broadcast = broadcast;
    this.followers = [];
    this.library = null;
  }

  /** OpenSSL of this thread, opened when it is first wanted. */
  readonly open = (): Tls => {
    this.library ??= openSslTls();
    return this.library;
  };

  /** Contexts that shall follow every change. */
  contexts(): TlsContexts {
    const made = new TlsContexts(this.open, this.model, null);
    this.followers.push(made);
    return made;
  }

  put(changes: TlsFileChanges): string {
    const before = applyTlsChanges(this.model, changes);
    const fault = this.faultOf(changes);
    if (fault !== '') {
      applyTlsChanges(this.model, before);
      return fault;
    }
    for (const contexts of this.followers) contexts.renew();
    this.broadcast({ type: 'tls-files', changes });
    this.closeIdle(changes);
    return '';
  }

  /** Connections to servers that were made with what was before are not used again. */
  private closeIdle({ certificates = {}, contents = {} }: TlsFileChanges): void {
    for (const [proxyIndex, { servers }] of this.model.proxies.entries()) {
      for (const [serverIndex, server] of servers.entries()) {
        const { ssl, address } = server;
        if (ssl === null || isGone(server) || !reaches(ssl, certificates, contents)) continue;
        const fields = { address };
        this.broadcast({ type: 'server-renewed', proxyIndex, serverIndex, fields });
      }
    }
  }

  /** Tries what the changes reach: nothing is kept. */
  private faultOf({ certificates = {}, crtLists = {}, contents = {} }: TlsFileChanges): string {
    const trial = new TlsContexts(this.open, this.model, null);
    for (const { binds, servers } of this.model.proxies) {
      for (const { ssl } of binds) {
        if (ssl === null) continue;
        const names = new Set<string>();
        const isListChanged = ssl.crts.some(({ name }) => Object.hasOwn(crtLists, name));
        for (const { certificate, ssl: own } of entriesOf(this.model, ssl.crts)) {
          const { caFile, crlFile } = { ...ssl, ...own };
          const isReached =
            isListChanged ||
            Object.hasOwn(certificates, certificate) ||
            Object.hasOwn(contents, caFile) ||
            Object.hasOwn(contents, crlFile);
          if (isReached) names.add(certificate);
        }
        const fault = names.size === 0 ? '' : trial.serverFault(ssl, names);
        if (fault !== '') return fault;
      }
      for (const server of servers) {
        const { ssl } = server;
        if (ssl === null || isGone(server) || !reaches(ssl, certificates, contents)) continue;
        const fault = trial.clientFault(ssl);
        if (fault !== '') return fault;
      }
    }
    return '';
  }
}

function reaches(
  { crt, caFile, crlFile }: NonNullable<ServerModel['ssl']>,
  certificates: object,
  contents: object,
): boolean {
  return (
    Object.hasOwn(certificates, crt) ||
    Object.hasOwn(contents, caFile) ||
    Object.hasOwn(contents, crlFile)
  );
}
