import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';

interface SiteFile {
  type: string;
  bytes: Buffer;
  /** Strong: the content's SHA-256 (RFC 9110 section 8.8.3). */
  etag: string;
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing of the page comes from elsewhere, and nothing else may show it inside itself (CSP Level 3). */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types timeline',
].join('; ');

/** The web console's files, read once: they are of the same signed module as the agent. */
export class SiteFiles {
  readonly #files: ReadonlyMap<string, SiteFile>;

  private constructor(files: ReadonlyMap<string, SiteFile>) {
    this.#files = files;
  }

  /** @param directory that has `index.html`, which is `/`; the others are below `/console/`. */
  static async read(directory: string): Promise<SiteFiles> {
    const files = new Map<string, SiteFile>();
    for (const name of await readdir(directory)) {
      const type = types[extname(name)];
      if (type === undefined) continue;
      const bytes = await readFile(join(directory, name));
      const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
      files.set(name === 'index.html' ? '/' : `/console/${name}`, { type, bytes, etag });
    }
    return new SiteFiles(files);
  }

  /** @returns false when there is no such file; then nothing was answered. */
  answer(path: string, incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const file = this.#files.get(path);
    if (file === undefined) return false;
    const known = incoming.headers['if-none-match']?.split(/\s*,\s*/).includes(file.etag) === true;
    outgoing.writeHead(known ? 304 : 200, {
      'content-type': file.type,
      etag: file.etag,
      'cache-control': 'no-cache',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      ...(known ? {} : { 'content-length': file.bytes.length }),
    });
    outgoing.end(known || incoming.method === 'HEAD' ? undefined : file.bytes);
    return true;
  }
}
