import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { writeAtomic } from '../../host/files.ts';
import type { SvidMint, Validity } from './mint.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** How long each kind of certificate lives, and how far it is backdated for clocks that run behind. */
export const lives = {
  root: 3652 * DAY,
  issuing: 365 * DAY,
  node: DAY,
  workload: 60 * MINUTE,
  backdated: MINUTE,
} as const;
/** An issuing authority is followed by the next when so much of its life is over. */
const FOLLOWED_AFTER = 2 / 3;

const SignerSchema = z.strictObject({ key: z.string(), certificate: z.string() });
/** All authorities in one file: a cut leaves the old set or the new one. */
const AuthoritiesSchema = z.strictObject({
  trustDomain: z.string(),
  root: SignerSchema,
  /** Newest first; older ones until they end, as certificates of theirs are still shown. */
  issuing: z.array(SignerSchema).min(1),
});
type Authorities = z.infer<typeof AuthoritiesSchema>;

/** An X.509-SVID, and what leads from it to the root, PEM. */
export interface Issued {
  certificate: string;
  chain: string;
  root: string;
  /** SHA-256 of the certificate, 64 hexadecimal digits. */
  fingerprint: string;
  /** Hexadecimal. */
  serial: string;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
}

/**
 * CPiaB's own authorities. They have nothing in common with the cluster's. Made when the first certificate is asked
 * for: a box that nobody joins has none.
 */
export class Authority {
  readonly trustDomain: string;
  readonly #directory: string;
  readonly #wall: () => number;
  #ready: Promise<{ authorities: Authorities; mint: SvidMint }> | null = null;
  #making: Promise<unknown> | null = null;

  /** @param directory for `authorities.json`, 0600. @param wall milliseconds since the epoch. */
  constructor(directory: string, trustDomain: string, wall: () => number) {
    this.#directory = directory;
    this.trustDomain = trustDomain;
    this.#wall = wall;
  }

  /**
   * @param path whom it is for, below the trust domain, such as `node/ID`. @param spki DER of the public key.
   * @param life milliseconds. @throws CpiabError E2505 when the clock can't be right.
   */
  async issue(path: string, spki: Buffer, life: number): Promise<Issued> {
    const { authorities, mint } = await this.#current();
    const [issuing] = authorities.issuing;
    const now = this.#wall();
    const end = new X509Certificate(issuing?.certificate ?? '').validToDate.getTime();
    const validity = between(now - lives.backdated, Math.min(now + life, end));
    const certificate = await mint.mint(`spiffe://${this.trustDomain}/${path}`, spki, validity);
    const made = new X509Certificate(certificate);
    return {
      certificate,
      chain: issuing?.certificate ?? '',
      root: authorities.root.certificate,
      fingerprint: made.fingerprint256.replaceAll(':', '').toLowerCase(),
      serial: made.serialNumber,
      notBefore: validity.notBefore.getTime(),
      notAfter: validity.notAfter.getTime(),
    };
  }

  /** A new issuing authority from now on. Certificates of the one before stay good until they end. */
  async rotate(): Promise<{ issuing: string; before: string }> {
    const { authorities } = await this.#loaded();
    const next = await this.#withNewIssuing(authorities);
    this.#ready = this.#opened(next);
    const names = next.issuing.map(({ certificate }) => new X509Certificate(certificate).fingerprint256);
    return { issuing: names[0] ?? '', before: names[1] ?? '' };
  }

  async #current() {
    const { authorities } = await this.#loaded();
    if (this.#isDue(authorities)) {
      this.#making ??= this.rotate().finally(() => {
        this.#making = null;
      });
      await this.#making;
    }
    return await this.#loaded();
  }

  /** One load or making at a time, and again when it failed. */
  async #loaded() {
    const loading = this.#ready ?? this.#load();
    this.#ready = loading;
    return await loading.catch((error: unknown) => {
      if (this.#ready === loading) this.#ready = null;
      throw error;
    });
  }

  async #load() {
    const path = join(this.#directory, 'authorities.json');
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text !== null) return await this.#opened(AuthoritiesSchema.parse(JSON.parse(text)));
    const { mintRoot } = await import('./mint.ts');
    const now = this.#wall();
    const root = await mintRoot(this.trustDomain, between(now - lives.backdated, now + lives.root));
    return await this.#opened(
      await this.#withNewIssuing({ trustDomain: this.trustDomain, root, issuing: [] }),
    );
  }

  async #opened(authorities: Authorities) {
    const { SvidMint } = await import('./mint.ts');
    const [issuing] = authorities.issuing;
    if (issuing === undefined) throw new Error('no issuing authority');
    return { authorities, mint: await SvidMint.of(issuing) };
  }

  async #withNewIssuing({ trustDomain, root, issuing }: Authorities): Promise<Authorities> {
    const { mintIssuing } = await import('./mint.ts');
    const now = this.#wall();
    const end = this.#expectWithin(root.certificate).getTime();
    const fresh = await mintIssuing(
      root,
      trustDomain,
      between(now - lives.backdated, Math.min(now + lives.issuing, end)),
    );
    const kept = issuing.filter(
      ({ certificate }) => new X509Certificate(certificate).validToDate.getTime() > now,
    );
    const next = { trustDomain, root, issuing: [fresh, ...kept] };
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeAtomic(join(this.#directory, 'authorities.json'), `${JSON.stringify(next)}\n`, {
      mode: 0o600,
    });
    return next;
  }

  #isDue({ issuing }: Authorities): boolean {
    const { validFromDate, validToDate } = new X509Certificate(issuing[0]?.certificate ?? '');
    const begin = this.#expectAfter(validFromDate).getTime();
    return this.#wall() >= begin + (validToDate.getTime() - begin) * FOLLOWED_AFTER;
  }

  /** @returns when it ends. */
  #expectWithin(certificate: string): Date {
    const { validFromDate, validToDate } = new X509Certificate(certificate);
    this.#expectAfter(validFromDate);
    if (this.#wall() < validToDate.getTime()) return validToDate;
    throw this.#skewed(`ends at ${validToDate.toISOString()}`);
  }

  #expectAfter(begin: Date): Date {
    if (this.#wall() >= begin.getTime()) return begin;
    throw this.#skewed(`begins at ${begin.toISOString()}`);
  }

  #skewed(what: string): CpiabError {
    return new CpiabError('E2505', {
      subject: 'this box',
      args: [new Date(this.#wall()).toISOString(), what],
    });
  }
}

/** X.509 counts in seconds. */
function between(from: number, to: number): Validity {
  const whole = (ms: number) => new Date(Math.floor(ms / 1000) * 1000);
  return { notBefore: whole(from), notAfter: whole(to) };
}
