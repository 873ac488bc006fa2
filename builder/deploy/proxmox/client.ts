import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { CpiabError } from '../../../contract/errors.ts';
import type { ProxmoxCall } from '../../../contract/proxmox.ts';
import { jsonOrNull } from '../../../host/json.ts';
import { askPinned, PinMismatch, type PinnedRequest } from '../../../host/pinned-https.ts';
import { refusalOf, taskFailure } from './refusal.ts';

export interface ProxmoxServer {
  /** `https://host:port`. */
  url: string;
  /** SHA-256 of its certificate, hexadecimal. */
  fingerprint: string;
  /** `USER@REALM!TOKENID`. */
  token: string;
  secret: string;
}

/** A file's bytes, told of as they go. */
export interface Upload {
  path: string;
  size: number;
  onBytes: (sent: number) => void;
}

/** Without any byte in either direction; a node that hashes what it got is silent for long. */
const IDLE_MS = 300_000;

const AnswerSchema = z.looseObject({
  data: z.unknown().optional(),
  message: z.string().optional(),
  errors: z.record(z.string(), z.string()).optional(),
});
const TaskSchema = z.looseObject({
  status: z.enum(['running', 'stopped']),
  exitstatus: z.string().optional(),
});

/** Proxmox VE's REST API. The token is sent to a server that has the pinned certificate, and to no other. */
export class ProxmoxClient {
  readonly #server: ProxmoxServer;
  readonly #signal: AbortSignal;
  /** Waits between two looks at a task. */
  readonly #pause: (signal: AbortSignal) => Promise<unknown>;

  constructor(server: ProxmoxServer, pause: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal) {
    this.#server = server;
    this.#pause = pause;
    this.#signal = signal;
  }

  /** @returns what the answer has as `data`. @throws CpiabError E5201…E5213. */
  async call<Result>({ method, path, parameters }: ProxmoxCall, schema: z.ZodType<Result>): Promise<Result> {
    const form = new URLSearchParams(parameters).toString();
    if (method === 'GET') {
      const target = form === '' ? path : `${path}?${form}`;
      return this.#parse(`GET ${path}`, await this.#ask(target, { method }), schema);
    }
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(form)),
    };
    return this.#parse(`${method} ${path}`, await this.#ask(path, { method, headers, body: form }), schema);
  }

  /** Sends a file with the parameters of a call, as it is read. @returns the task that puts it in place. */
  async upload({ path, parameters }: ProxmoxCall, file: Upload): Promise<string> {
    const { body, headers } = multipart(parameters, file);
    return this.#parse(`POST ${path}`, await this.#ask(path, { method: 'POST', headers, body }), z.string());
  }

  /** Waits until a task has ended well. @throws CpiabError E5206…E5211. */
  async finished(node: string, upid: string, subject: string): Promise<void> {
    const path = `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`;
    for (;;) {
      const answer = await this.#ask(path, { method: 'GET' });
      const { status, exitstatus = 'unknown' } = this.#parse(`GET ${path}`, answer, TaskSchema);
      if (status === 'stopped') {
        // Source: PVE::Tools::upid_status_is_error.
        if (exitstatus === 'OK' || exitstatus.startsWith('WARNINGS')) return;
        throw taskFailure(subject, upid, exitstatus);
      }
      await this.#pause(this.#signal);
    }
  }

  async #ask(target: string, asked: PinnedRequest) {
    const { url, fingerprint, token, secret } = this.#server;
    const headers = { authorization: `PVEAPIToken=${token}=${secret}`, ...asked.headers };
    const pin = { of: 'certificate', sha256: fingerprint } as const;
    const request = { ...asked, headers, timeoutMs: IDLE_MS, signal: this.#signal };
    return await askPinned(new URL(`/api2/json${target}`, url), pin, request).catch((cause: unknown) => {
      this.#signal.throwIfAborted();
      if (cause instanceof PinMismatch)
        throw new CpiabError('E5201', { subject: url, args: [cause.found, fingerprint], cause });
      throw new CpiabError('E5202', { subject: url, args: [(cause as Error).message], cause });
    });
  }

  #parse<Result>(
    subject: string,
    { status, body }: { status: number; body: Buffer },
    schema: z.ZodType<Result>,
  ): Result {
    const text = body.toString('utf8');
    const answer = AnswerSchema.safeParse(jsonOrNull(text) ?? {});
    if (status !== 200) {
      const { message = text, errors = {} } = answer.data ?? {};
      throw refusalOf({ subject, status, message, errors }, this.#server.token);
    }
    const data = schema.safeParse(answer.data?.data);
    if (data.success) return data.data;
    throw new CpiabError('E5213', {
      subject,
      args: [String(status), 'what the API does not document'],
      cause: data.error,
    });
  }
}

/** multipart/form-data (RFC 7578), with its length: the API takes no chunked transfer. The file comes last. */
function multipart(parameters: Record<string, string>, { path, size, onBytes }: Upload) {
  const boundary = `cpiab-${randomBytes(16).toString('hex')}`;
  const { filename = '', ...fields } = parameters;
  const head = [
    ...Object.entries(fields).map(
      ([name, value]) =>
        `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    ),
    `--${boundary}\r\ncontent-disposition: form-data; name="filename"; filename="${filename}"\r\n`,
    'content-type: application/octet-stream\r\n\r\n',
  ].join('');
  const tail = `\r\n--${boundary}--\r\n`;
  async function* parts() {
    yield Buffer.from(head);
    let sent = 0;
    // `end`: a file that grows meanwhile would break the length.
    if (size > 0) {
      for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 1 << 18 })) {
        yield chunk as Buffer;
        sent += (chunk as Buffer).length;
        onBytes(sent);
      }
    }
    yield Buffer.from(tail);
  }
  const length = Buffer.byteLength(head) + size + Buffer.byteLength(tail);
  const headers = {
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': String(length),
  };
  return { body: Readable.from(parts(), { objectMode: false }), headers };
}
