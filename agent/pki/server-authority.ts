import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isBelow } from '../../contract/route.ts';
import { writeAtomic } from '../../host/files.ts';
import { type Authority, between, FOLLOWED_AFTER, lives } from './authority.ts';
import type { Signer } from './mint.ts';

/** A file of its own: an agent of an earlier version knows nothing of it. */
const FILE = 'servers.json';
const IssuingSchema = z.strictObject({ domain: z.string(), key: z.string(), certificate: z.string() });
type Issuing = z.infer<typeof IssuingSchema>;

/** PEM; `certificate` with what leads from it to the root. */
export interface ServerCertificate {
  key: string;
  certificate: string;
  root: string;
  /** Hexadecimal. */
  serial: string;
}

/**
 * Certificates of servers, by an issuing authority of their own that can name nothing outside of one domain. It is
 * made when the first is asked for, below the root that nodes have.
 */
export class ServerAuthority {
  readonly domain: string;
  readonly #directory: string;
  readonly #authority: Pick<Authority, 'root'>;
  readonly #wall: () => number;

  /** @param directory for `servers.json`, 0600. @param wall milliseconds since the epoch. */
  constructor(directory: string, authority: Pick<Authority, 'root'>, domain: string, wall: () => number) {
    this.#directory = directory;
    this.#authority = authority;
    this.domain = domain;
    this.#wall = wall;
  }

  /** Whether a name lies in the domain. */
  covers(host: string): boolean {
    return isBelow(host, this.domain);
  }

  /** PEM. @throws CpiabError E2505 when the clock can't be right. */
  async root(): Promise<string> {
    return (await this.#authority.root()).certificate;
  }

  /** A new key and its certificate. One at a time. @throws CpiabError E2505 when the clock can't be right. */
  async issue(hosts: readonly string[]): Promise<ServerCertificate> {
    const { mintServer } = await import('./mint.ts');
    const root = await this.#authority.root();
    const issuing = await this.#issuing(root);
    const now = this.#wall();
    const end = new X509Certificate(issuing.certificate).validToDate.getTime();
    const validity = between(now - lives.backdated, Math.min(now + lives.server, end));
    const { key, certificate } = await mintServer(issuing, hosts, validity);
    const { serialNumber: serial } = new X509Certificate(certificate);
    return { key, certificate: `${certificate}${issuing.certificate}`, root: root.certificate, serial };
  }

  async #issuing(root: Signer): Promise<Signer> {
    const kept = await this.#kept();
    if (kept !== null && this.#isGood(kept, root)) return kept;
    const { forServers, mintIssuing } = await import('./mint.ts');
    const now = this.#wall();
    const end = new X509Certificate(root.certificate).validToDate.getTime();
    const validity = between(now - lives.backdated, Math.min(now + lives.issuing, end));
    const made = await mintIssuing(root, forServers(this.domain), validity);
    const next: Issuing = { domain: this.domain, ...made };
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeAtomic(join(this.#directory, FILE), `${JSON.stringify(next)}\n`, { mode: 0o600 });
    return next;
  }

  async #kept(): Promise<Issuing | null> {
    const text = await readFile(join(this.#directory, FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    return text === null ? null : IssuingSchema.parse(JSON.parse(text));
  }

  /** Of this domain and this root, and two thirds of its life are not over. */
  #isGood({ domain, certificate }: Issuing, root: Signer): boolean {
    const own = new X509Certificate(certificate);
    const [begin, end] = [own.validFromDate.getTime(), own.validToDate.getTime()];
    const now = this.#wall();
    return (
      domain === this.domain &&
      own.verify(new X509Certificate(root.certificate).publicKey) &&
      now >= begin &&
      now < begin + (end - begin) * FOLLOWED_AFTER
    );
  }
}
