import { createHash, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { writeAtomic } from '../../host/files.ts';
import type { Signer, Validity } from './mint.ts';
import { SvidMint } from './svid-mint.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** How long each kind of certificate lives, and how far it is backdated for clocks that run behind. */
export const lives = {
  root: 3652 * DAY,
  issuing: 365 * DAY,
  node: DAY,
  workload: 60 * MINUTE,
  server: 30 * DAY,
  backdated: MINUTE,
} as const;
/** An issuing authority is followed by the next when so much of its life is over. */
export const FOLLOWED_AFTER = 2 / 3;

const SignerSchema = z.strictObject({ key: z.string(), certificate: z.string() });
/** All authorities in one file: a cut leaves the old set or the new one. */
const AuthoritiesSchema = z.strictObject({
  trustDomain: z.string(),
  root: SignerSchema,
  /** Newest first; older ones until they end, as certificates of theirs are still shown. */
  issuing: z.array(SignerSchema).min(1),
});
type Authorities = z.infer<typeof AuthoritiesSchema>;

/** The authorities, with what of the newest is needed for each certificate. */
interface Opened {
  authorities: Authorities;
  mint: SvidMint;
  /** PEM. */
  issuing: string;
  begin: Date;
  end: Date;
}

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
  #ready: Promise<Opened> | null = null;
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
    const { authorities, mint, issuing, end } = await this.#current();
    const now = this.#wall();
    const validity = between(now - lives.backdated, Math.min(now + life, end.getTime()));
    const { certificate, serial } = mint.mint(`spiffe://${this.trustDomain}/${path}`, spki, validity);
    return {
      certificate: pem(certificate),
      chain: issuing,
      root: authorities.root.certificate,
      fingerprint: createHash('sha256').update(certificate).digest('hex'),
      serial,
      notBefore: validity.notBefore.getTime(),
      notAfter: validity.notAfter.getTime(),
    };
  }

  /** PEM of the root, whatever the clock says. */
  async rootCertificate(): Promise<string> {
    return (await this.#loaded()).authorities.root.certificate;
  }

  /** The root, to sign an issuing authority for something else. @throws CpiabError E2505 when the clock can't be right. */
  async root(): Promise<Signer> {
    const { root } = (await this.#loaded()).authorities;
    this.#expectWithin(root.certificate);
    return root;
  }

  /** A new issuing authority from now on. Certificates of the one before stay good until they end. */
  async rotate(): Promise<{ issuing: string; before: string }> {
    const { authorities } = await this.#loaded();
    const next = await this.#withNewIssuing(authorities);
    this.#ready = Promise.resolve(opened(next));
    const names = next.issuing.map(({ certificate }) => new X509Certificate(certificate).fingerprint256);
    return { issuing: names[0] ?? '', before: names[1] ?? '' };
  }

  async #current() {
    const found = await this.#loaded();
    if (!this.#isDue(found)) return found;
    this.#making ??= this.rotate().finally(() => {
      this.#making = null;
    });
    await this.#making;
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

  async #load(): Promise<Opened> {
    const path = join(this.#directory, 'authorities.json');
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text !== null) return opened(AuthoritiesSchema.parse(JSON.parse(text)));
    const { mintRoot } = await import('./mint.ts');
    const now = this.#wall();
    const root = await mintRoot(this.trustDomain, between(now - lives.backdated, now + lives.root));
    return opened(await this.#withNewIssuing({ trustDomain: this.trustDomain, root, issuing: [] }));
  }

  async #withNewIssuing({ trustDomain, root, issuing }: Authorities): Promise<Authorities> {
    const { forNodes, mintIssuing } = await import('./mint.ts');
    const now = this.#wall();
    const end = this.#expectWithin(root.certificate).getTime();
    const fresh = await mintIssuing(
      root,
      forNodes(trustDomain),
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

  #isDue({ begin, end }: Opened): boolean {
    const from = this.#expectAfter(begin).getTime();
    return this.#wall() >= from + (end.getTime() - from) * FOLLOWED_AFTER;
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

function opened(authorities: Authorities): Opened {
  const [issuing] = authorities.issuing;
  if (issuing === undefined) throw new Error('no issuing authority');
  const { validFromDate: begin, validToDate: end } = new X509Certificate(issuing.certificate);
  return { authorities, mint: new SvidMint(issuing), issuing: issuing.certificate, begin, end };
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** X.509 counts in seconds. */
export function between(from: number, to: number): Validity {
  const whole = (ms: number) => new Date(Math.floor(ms / 1000) * 1000);
  return { notBefore: whole(from), notAfter: whole(to) };
}
