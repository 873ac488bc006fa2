import type { AuditLog } from '../audit/log.ts';
import type { Operator } from './operator.ts';

/** So many certificates are remembered; a box has a handful of operators. */
const MOST = 1000;

/** Writes down each operator's first request since the agent started. */
export class SignIns {
  readonly #seen = new Set<string>();

  /** @param address where the request came from. @throws the file system's error when it can't be written down. */
  async note(operator: Operator, address: string, log: AuditLog): Promise<void> {
    if (this.#seen.has(operator.fingerprint)) return;
    if (this.#seen.size >= MOST) this.#seen.clear();
    this.#seen.add(operator.fingerprint);
    const subject = 'operator certificate';
    const who = { name: operator.name, fingerprint: operator.fingerprint };
    await log.record({ who, action: 'sign-in', subject, outcome: 'done', detail: `from ${address}` });
  }
}
