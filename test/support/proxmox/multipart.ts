import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Received {
  fields: Record<string, string>;
  sha256: string;
  size: number;
}

/**
 * Reads the body of an upload as the API's server does: fields first, then one file, in a message of known length.
 * The file is hashed as it comes and not kept.
 * @param onBytes told of the body's bytes so far.
 * @throws when the form is another (RFC 7578).
 */
export async function readUpload(
  incoming: IncomingMessage,
  onBytes: (bytes: number) => void,
): Promise<Received> {
  const boundary = boundaryOf(incoming);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const hash = createHash('sha256');
  let fields: Record<string, string> | null = null;
  let kept = Buffer.alloc(0);
  let size = 0;
  let seen = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    seen += chunk.length;
    onBytes(seen);
    kept = Buffer.concat([kept, chunk]);
    if (fields === null) {
      const start = fileStart(kept);
      if (start === null) continue;
      fields = readFields(kept.toString('latin1', 0, start), boundary);
      kept = kept.subarray(start);
    }
    const whole = Math.max(0, kept.length - tail.length);
    hash.update(kept.subarray(0, whole));
    size += whole;
    kept = Buffer.from(kept.subarray(whole));
  }
  if (!kept.equals(tail) || fields === null) throw new Error('upload failed: the form does not end');
  return { fields, sha256: hash.digest('hex'), size };
}

function boundaryOf({ headers }: IncomingMessage): string {
  if (headers['transfer-encoding'] !== undefined) throw new Error('chunked transfer encoding not supported');
  const found = /^multipart\/form-data; boundary=([\w'()+,./:=?-]+)$/.exec(
    headers['content-type'] ?? '',
  )?.[1];
  if (found === undefined) throw new Error('no multipart/form-data');
  return found;
}

/** Where the file's content begins. */
function fileStart(text: Buffer): number | null {
  const file = text.indexOf('; filename="');
  const end = file === -1 ? -1 : text.indexOf('\r\n\r\n', file);
  return end === -1 ? null : end + 4;
}

function readFields(head: string, boundary: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const part of head.split(`--${boundary}\r\n`).slice(1)) {
    const {
      name = '',
      file,
      value = '',
    } = /^content-disposition: form-data; name="(?<name>[\w-]+)"(?:; filename="(?<file>[^"]*)")?\r\n(?:content-type: [^\r]*\r\n)?\r\n(?<value>[\s\S]*?)(?:\r\n)?$/i.exec(
      part,
    )?.groups ?? {};
    if (name === '' || fields[name] !== undefined) throw new Error(`not a field: ${part}`);
    fields[name] = file ?? value;
  }
  return fields;
}
