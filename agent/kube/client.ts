import { Agent, type RequestOptions, request } from 'node:https';
import type { KubeAccess } from './kubeconfig.ts';

/** An object of any kind, as much of it as the agent looks at. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    generation?: number;
    annotations?: Record<string, string>;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** What the API server answered other than 2xx. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly status: number;
  /** What it said itself. */
  readonly why: string;

  constructor(status: number, what: string, body: string) {
    const why = statusMessage(body);
    super(`${what}: ${status} ${why}`);
    this.status = status;
    this.why = why;
  }
}

/** Owner of the fields that the agent sets. */
const FIELD_MANAGER = 'cpiab';
const TIMEOUT_MS = 60_000;
const MAX_ANSWER = 32 << 20;

/**
 * The few calls of the Kubernetes API that the agent needs, over one kept connection. The general
 * client was measured first: loading it costs 9 s in an emulated box, and 27 MiB for good.
 */
export class KubeClient {
  readonly access: KubeAccess;
  readonly #agent: Agent;

  constructor(access: KubeAccess) {
    const { ca, certificate, key } = access;
    this.access = access;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, ca, cert: certificate, key });
  }

  /** @throws KubeError when the answer isn't 2xx, else the connection's error. */
  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return JSON.parse(await this.#call('GET', path, null, signal)) as T;
  }

  /** The answer as it is, such as of `/readyz`. */
  async text(path: string, signal?: AbortSignal): Promise<string> {
    return await this.#call('GET', path, null, signal);
  }

  /**
   * Creates an object or makes it what `body` says, taking fields that others own. Server-side apply.
   * @param path of the object, such as `/api/v1/namespaces/x`.
   * @param body the object, or its YAML or JSON text.
   */
  async apply(path: string, body: string | KubeObject, signal?: AbortSignal): Promise<void> {
    const data = typeof body === 'string' ? body : JSON.stringify(body);
    const query = `?fieldManager=${FIELD_MANAGER}&force=true`;
    await this.#call('PATCH', path + query, { type: 'application/apply-patch+yaml', data }, signal);
  }

  /** Merges `patch` into an object that is there. @throws KubeError 404 when it is not. Source: RFC 7386. */
  async merge(path: string, patch: object, signal?: AbortSignal): Promise<void> {
    const data = JSON.stringify(patch);
    const query = `?fieldManager=${FIELD_MANAGER}`;
    await this.#call('PATCH', path + query, { type: 'application/merge-patch+json', data }, signal);
  }

  /** Sends an object to a collection. @returns the API server's answer, such as a review's. */
  async create<T>(path: string, object: object, signal?: AbortSignal): Promise<T> {
    return JSON.parse(await this.post(path, object, signal)) as T;
  }

  /** Sends JSON to whatever answers there, such as a Service behind the API server. @returns the answer as it is. */
  async post(path: string, json: object, signal?: AbortSignal): Promise<string> {
    return await this.#call('POST', path, { type: 'application/json', data: JSON.stringify(json) }, signal);
  }

  /** Deletes an object; one that is gone is fine. */
  async remove(path: string, signal?: AbortSignal): Promise<void> {
    await this.#call('DELETE', path, null, signal).catch((error: unknown) => {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
    });
  }

  /** Merges `patch` into the object's status. Source: RFC 7386. */
  async patchStatus(path: string, patch: object, signal?: AbortSignal): Promise<void> {
    const data = JSON.stringify({ status: patch });
    const query = `/status?fieldManager=${FIELD_MANAGER}`;
    await this.#call('PATCH', path + query, { type: 'application/merge-patch+json', data }, signal);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #call(
    method: string,
    path: string,
    body: { type: string; data: string } | null,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const options: RequestOptions = {
      method,
      agent: this.#agent,
      timeout: TIMEOUT_MS,
      headers: {
        accept: 'application/json',
        ...(body === null
          ? {}
          : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.data) }),
      },
      ...(signal === undefined ? {} : { signal }),
    };
    const { status, text } = await send(new URL(path, this.access.server), options, body?.data);
    if (status < 200 || status > 299) throw new KubeError(status, `${method} ${path.split('?')[0]}`, text);
    return text;
  }
}

/** Gives a client to some work, and closes its connections afterwards. */
export async function withKube<Result>(
  access: KubeAccess,
  work: (kube: KubeClient) => Promise<Result>,
): Promise<Result> {
  const kube = new KubeClient(access);
  try {
    return await work(kube);
  } finally {
    kube.close();
  }
}

function send(
  url: URL,
  options: RequestOptions,
  body: string | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER)
          incoming.destroy(new Error(`${url.pathname}: answer of more than ${MAX_ANSWER} bytes`));
        else chunks.push(chunk);
      });
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    outgoing.on('timeout', () =>
      outgoing.destroy(new Error(`${url.pathname}: no answer in ${TIMEOUT_MS} ms`)),
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The `message` of a Status object, else the start of the answer. */
function statusMessage(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: a proxy's or the health endpoint's plain text.
  }
  return body.slice(0, 300);
}
