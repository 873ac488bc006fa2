import type { AuditCheck } from '../../contract/audit.ts';
import type { CpiabError } from '../../contract/errors.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { TrustedKey } from '../../host/rotation.ts';
import type { OpenBundle } from '../verify/medium.ts';
import type { Documents } from './documents.ts';

/** A bundle whose signature has verified, and what it is held against. */
export interface Subject extends OpenBundle {
  key: TrustedKey;
  documents: Documents;
  /** Seconds since 1970-01-01. */
  now: number;
  /** What somebody saw before; null: nothing. */
  after: Seen | null;
  signal: AbortSignal;
}

/** The newest that somebody saw of a site. */
export interface Seen {
  /** Null where only a number is known. */
  site: string | null;
  sequence: number;
  /** Of its manifest; null where only a number is known. */
  manifest: Digest | null;
}

/** What a check looked at. */
export interface Evidence {
  says: string;
  count?: number;
  digest?: Digest;
  /** There was nothing to check. */
  none?: true;
}

/** One check: it names all that it finds, or throws when it can't go on. */
export interface Check {
  name: AuditCheck;
  run(subject: Subject, found: (problem: CpiabError) => void): Promise<Evidence>;
}
