import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { z } from 'zod';
import { keysDirectory } from '../../builder/bundle/keys.ts';
import { CpiabError } from '../../contract/errors.ts';
import { readTextFile } from '../../host/input-file.ts';
import { askPinned, openPinned, PinMismatch, type PinnedRequest } from '../../host/pinned-https.ts';
import type { BoxAddress } from '../box/client.ts';

/** A client that a box knows as an operator of its site. */
export class OperatorClient {
  readonly #address: BoxAddress;
  readonly #client: { cert: string; key: string };
  readonly #signal: AbortSignal;

  private constructor(address: BoxAddress, client: { cert: string; key: string }, signal: AbortSignal) {
    this.#address = address;
    this.#client = client;
    this.#signal = signal;
  }

  /** @throws CpiabError E1413 when the credential is not on this machine. */
  static async of(address: BoxAddress, site: string, signal: AbortSignal): Promise<OperatorClient> {
    const directory = keysDirectory(site);
    const read = (name: string) =>
      readTextFile(join(directory, name)).catch((cause: unknown) => {
        throw new CpiabError('E1413', { subject: directory, args: [site], cause });
      });
    const client = { cert: await read('operator.crt'), key: await read('operator.key') };
    return new OperatorClient(address, client, signal);
  }

  /** @throws CpiabError E5004, E5005, E5401 what the box refuses. */
  async ask<Result>(path: string, asked: PinnedRequest, schema: z.ZodType<Result>): Promise<Result> {
    const { status, body } = await this.#send(
      (url, pin, request) => askPinned(url, pin, request),
      path,
      asked,
    );
    const text = body.toString('utf8');
    if (status !== 200 && status !== 202) throw this.#refusal(status, text);
    return schema.parse(JSON.parse(text));
  }

  /** The answer as a stream. */
  async open(path: string, asked: PinnedRequest): Promise<{ status: number; response: IncomingMessage }> {
    return await this.#send((url, pin, request) => openPinned(url, pin, request), path, asked);
  }

  async #send<Answer>(
    how: (url: URL, pin: { of: 'key'; sha256: string }, request: PinnedRequest) => Promise<Answer>,
    path: string,
    asked: PinnedRequest,
  ): Promise<Answer> {
    const { url, fingerprint } = this.#address;
    const request = { timeoutMs: 600_000, ...asked, identity: this.#client, signal: this.#signal };
    return await how(new URL(path, url), { of: 'key', sha256: fingerprint }, request).catch(
      (cause: unknown) => {
        this.#signal.throwIfAborted();
        if (cause instanceof CpiabError) throw cause;
        if (cause instanceof PinMismatch)
          throw new CpiabError('E5005', { subject: url.href, args: [cause.found, fingerprint], cause });
        throw new CpiabError('E5004', { subject: url.href, args: [(cause as Error).message], cause });
      },
    );
  }

  #refusal(status: number, text: string): CpiabError {
    const found = asObject(text);
    const message = String(found['message'] ?? `${status} ${text.trim().slice(0, 200)}`);
    const code = found['code'] === undefined ? '' : `${found['code']} `;
    const hint = String(found['hint'] ?? 'look at `cpiab status` and `cpiab audit`');
    return new CpiabError('E5401', { subject: this.#address.url.href, args: [`${code}${message}`, hint] });
  }
}

function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
