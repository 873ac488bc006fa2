import type { IncomingMessage } from 'node:http';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import { z } from 'zod';
import { credentialFiles } from '../../builder/bundle/keys.ts';
import { CpiabError } from '../../contract/errors.ts';
import { readTextFile } from '../../host/input-file.ts';
import { jsonOrNull } from '../../host/json.ts';
import { askPinned, noAnswer, openPinned, type PinnedRequest } from '../../host/pinned-https.ts';
import type { BoxAddress } from './client.ts';

/** What an operator shows: certificate and private key, PEM. */
export interface Credential {
  cert: string;
  key: string;
}

/** What is asked; the client adds who asks. A box that makes a backup answers late. */
export type OperatorRequest = Omit<PinnedRequest, 'identity' | 'signal' | 'timeoutMs'> & {
  timeoutMs?: number;
};

/** A request that carries a document. */
export function post(document: unknown, timeoutMs: number): OperatorRequest {
  const body = JSON.stringify(document);
  const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  return { method: 'POST', headers, body, timeoutMs };
}

type Pin = { of: 'key'; sha256: string };

/** An error as a box tells it. Some refusals, and those of proxies, are a line of text. */
const RefusalSchema = z.object({
  code: z.string(),
  subject: z.string(),
  message: z.string(),
  hint: z.string(),
});

/** A client that a box knows as an operator of its site. */
export class OperatorClient {
  readonly #address: BoxAddress;
  readonly #credential: Credential;
  readonly #signal: AbortSignal;

  constructor(address: BoxAddress, credential: Credential, signal: AbortSignal) {
    this.#address = address;
    this.#credential = credential;
    this.#signal = signal;
  }

  /** His private key, PEM: for what he signs himself. */
  get key(): string {
    return this.#credential.key;
  }

  /** With the credential that this machine has for a site. @throws CpiabError E1413 when it has none. */
  static async of(address: BoxAddress, site: string, signal: AbortSignal): Promise<OperatorClient> {
    const files = credentialFiles(site);
    const read = (path: string) =>
      readTextFile(path).catch((cause: unknown) => {
        throw new CpiabError('E1413', { subject: dirname(path), args: [site], cause });
      });
    const credential = { cert: await read(files.cert), key: await read(files.key) };
    return new OperatorClient(address, credential, signal);
  }

  /** @throws CpiabError E5308 with the box's own error, E5004 without an answer, E5005 another key. */
  async ask<Result>(path: string, asked: OperatorRequest, schema: z.ZodType<Result>): Promise<Result> {
    const { status, body } = await this.#send(askPinned, path, asked);
    const text = body.toString('utf8');
    if (status < 300) return schema.parse(JSON.parse(text));
    throw this.#refusal(status, text.trim());
  }

  /** The answer as a stream. @throws CpiabError E5004 without an answer, E5005 another key. */
  async open(path: string, asked: OperatorRequest): Promise<{ status: number; response: IncomingMessage }> {
    return await this.#send(openPinned, path, asked);
  }

  /** The answer line by line, as it comes. @throws as `ask`. */
  async *lines(path: string, asked: OperatorRequest): AsyncGenerator<string> {
    const { status, response } = await this.open(path, asked);
    if (status >= 300) throw this.#refusal(status, (await textOf(response)).trim());
    for await (const line of createInterface({ input: response })) if (line !== '') yield line;
  }

  async #send<Answer>(
    how: (url: URL, pin: Pin, request: PinnedRequest) => Promise<Answer>,
    path: string,
    asked: OperatorRequest,
  ): Promise<Answer> {
    const { url, fingerprint } = this.#address;
    const who = { identity: this.#credential, signal: this.#signal };
    const request = { timeoutMs: 600_000, ...asked, ...who };
    return await how(new URL(path, url), { of: 'key', sha256: fingerprint }, request).catch(
      (cause: unknown) => {
        this.#signal.throwIfAborted();
        throw noAnswer(url.href, fingerprint, cause);
      },
    );
  }

  #refusal(status: number, text: string): CpiabError {
    const told = RefusalSchema.safeParse(jsonOrNull(text)).data;
    const why =
      told === undefined
        ? `${status} ${text.slice(0, 200)}`
        : `${told.code} ${told.subject}: ${told.message}`;
    const hint = told?.hint ?? 'look at `cpiab status` and `cpiab audit`';
    return new CpiabError('E5308', { subject: this.#address.url.href, args: [why, hint] });
  }
}
