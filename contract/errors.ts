import { appErrors } from './errors/app.ts';
import { backupErrors, backupInputErrors, backupTrustErrors } from './errors/backup.ts';
import { boxErrors } from './errors/box.ts';
import { buildErrors } from './errors/build.ts';
import { cargoInputErrors, cargoTrustErrors } from './errors/cargo.ts';
import { closedWorldErrors } from './errors/closed-world.ts';
import { drillErrors, drillHostErrors, drillInputErrors, drillTrustErrors } from './errors/drill.ts';
import { enrollErrors, enrollInputErrors, enrollTrustErrors } from './errors/enroll.ts';
import { evidenceErrors } from './errors/evidence.ts';
import { expandErrors, expandInputErrors } from './errors/expand.ts';
import {
  guestErrors,
  guestInputErrors,
  guestLeaveErrors,
  guestSshErrors,
  guestTrustErrors,
} from './errors/guest.ts';
import { hostErrors } from './errors/host.ts';
import { inputErrors } from './errors/input.ts';
import { installErrors, installTrustErrors } from './errors/install.ts';
import { internalErrors } from './errors/internal.ts';
import { passphraseErrors, passphraseInputErrors } from './errors/passphrase.ts';
import { postcheckErrors } from './errors/postcheck.ts';
import { proxmoxErrors, proxmoxInputErrors } from './errors/proxmox.ts';
import { recordErrors } from './errors/records.ts';
import { registryErrors } from './errors/registry.ts';
import { secretsBuildErrors, secretsHostErrors, secretsInputErrors } from './errors/secrets.ts';
import { seedErrors } from './errors/seed.ts';
import { signatureErrors, signatureKeyErrors } from './errors/signature.ts';
import { svidErrors, svidTrustErrors } from './errors/svid.ts';
import { trustErrors } from './errors/trust.ts';
import { updateErrors } from './errors/update.ts';
import { volumeErrors } from './errors/volumes.ts';
import type { DriftEntry } from './lock-drift.ts';

/** One kind of error. Parameters of `says` and `hint` are the same, and name themselves in the documentation. */
export interface ErrorKind {
  /** Exit status: 1 failed, 2 bad input, 3 not verified, 4 missing prerequisite, 130 interrupted. */
  exit: 1 | 2 | 3 | 4 | 130;
  /** What happened; follows the subject and a colon, so it starts in lower case and has no full stop. */
  says: (...args: string[]) => string;
  /** What to do about it. */
  hint: string | ((...args: string[]) => string);
}

/** Every error a person can meet. The first digit is the group, a code is never used again for another error. */
export const errors = {
  ...inputErrors,
  ...appErrors,
  ...backupInputErrors,
  ...cargoInputErrors,
  ...passphraseInputErrors,
  ...backupTrustErrors,
  ...cargoTrustErrors,
  ...proxmoxInputErrors,
  ...enrollInputErrors,
  ...expandInputErrors,
  ...guestInputErrors,
  ...drillInputErrors,
  ...signatureKeyErrors,
  ...secretsInputErrors,
  ...trustErrors,
  ...enrollTrustErrors,
  ...svidTrustErrors,
  ...guestTrustErrors,
  ...drillTrustErrors,
  ...evidenceErrors,
  ...recordErrors,
  ...signatureErrors,
  ...volumeErrors,
  ...closedWorldErrors,
  ...buildErrors,
  ...registryErrors,
  ...secretsBuildErrors,
  ...hostErrors,
  ...secretsHostErrors,
  ...drillHostErrors,
  ...guestErrors,
  ...boxErrors,
  ...passphraseErrors,
  ...updateErrors,
  ...enrollErrors,
  ...expandErrors,
  ...svidErrors,
  ...guestSshErrors,
  ...guestLeaveErrors,
  ...backupErrors,
  ...postcheckErrors,
  ...proxmoxErrors,
  ...drillErrors,
  ...installErrors,
  ...seedErrors,
  ...installTrustErrors,
  ...internalErrors,
} as const satisfies Record<`E${number}`, ErrorKind>;

/** Names of what varies in an error. Sources run unbuilt, so a function's text has its parameters as they are written. */
export function parameterNames(says: ErrorKind['says']): string[] {
  const list = /^\(([^)]*)\)/.exec(says.toString())?.[1] ?? '';
  return list
    .split(',')
    .map((name) => name.split(':')[0]?.trim().replace(/^_/, '') ?? '')
    .filter((name) => name !== '');
}

export type ErrorCode = keyof typeof errors;
type ArgsOf<Code extends ErrorCode> = Parameters<(typeof errors)[Code]['says']>;
type Details<Code extends ErrorCode> = {
  /** What it happened to: a file and line, an image, a package, an address. */
  subject: string;
  cause?: unknown;
  drift?: readonly DriftEntry[];
} & (ArgsOf<Code> extends [] ? { args?: never } : { args: ArgsOf<Code> });

/** `--json` form of an error. */
export interface ErrorDocument {
  /** Such as `CPIAB-E2103`. */
  code: string;
  subject: string;
  message: string;
  hint: string;
  /** Message of the error behind this one, or null. */
  cause: string | null;
  /** What a lock no longer has right, where the error is about that. */
  drift?: readonly DriftEntry[];
  /** Further errors found in the same run; absent when there are none. */
  others?: ErrorDocument[];
}

/** An error with a stable code: what happened, to which subject, what to do. */
export class CpiabError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'CpiabError';
  readonly code: Code;
  readonly subject: string;
  readonly hint: string;
  readonly exit: ErrorKind['exit'];
  /** What a lock no longer has right; empty where the error is about something else. */
  readonly drift: readonly DriftEntry[];
  /** Further errors of the same kind of work, such as a file's other mistakes. */
  others: readonly CpiabError[] = [];

  constructor(code: Code, { subject, args, cause, drift = [] }: Details<Code>) {
    const kind: ErrorKind = errors[code];
    const values: string[] = args ?? [];
    super(kind.says(...values), cause === undefined ? undefined : { cause });
    this.code = code;
    this.subject = subject;
    this.hint = typeof kind.hint === 'string' ? kind.hint : kind.hint(...values);
    this.exit = kind.exit;
    this.drift = drift;
  }

  toJSON(): ErrorDocument {
    const { subject, message, hint, others, drift } = this;
    const cause = this.cause instanceof Error ? this.cause.message : (this.cause ?? null);
    const document: ErrorDocument = {
      code: `CPIAB-${this.code}`,
      subject,
      message,
      hint,
      cause: cause && String(cause),
      ...(drift.length > 0 && { drift }),
    };
    return others.length === 0 ? document : { ...document, others: others.map((error) => error.toJSON()) };
  }

  /** The form for people: `CPIAB-Ennnn subject: what happened`, then `hint: …`; other errors follow. */
  toText(): string {
    const own = `CPIAB-${this.code} ${this.subject}: ${this.message}\nhint: ${this.hint}`;
    return [own, ...this.others.map((error) => error.toText())].join('\n');
  }
}

/**
 * One error that stands for several: the first, carrying the others.
 * @param found at least one.
 */
export function combined(found: readonly [CpiabError, ...CpiabError[]]): CpiabError {
  const [first, ...others] = found;
  first.others = others;
  return first;
}
