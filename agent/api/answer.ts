import type { ServerResponse } from 'node:http';

/** Answers with a short text. */
export function answerText(outgoing: ServerResponse, status: number, text: string): void {
  answerBytes(outgoing, status, 'text/plain; charset=utf-8', text);
}

export function answerJson(outgoing: ServerResponse, status: number, value: unknown): void {
  answerBytes(outgoing, status, 'application/json', `${JSON.stringify(value)}\n`);
}

/** Answers with a body held in memory. HEAD gets the same head. */
export function answerBytes(
  outgoing: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  outgoing.end(outgoing.req.method === 'HEAD' ? undefined : body);
}

/** Answers that the boot has not come so far. */
export function notYet(outgoing: ServerResponse): void {
  outgoing.setHeader('retry-after', '5');
  answerText(outgoing, 503, 'the box has not started this yet\n');
}

/** Answers that the audit log is not open, so that nothing may be changed. */
export function notWritten(outgoing: ServerResponse): void {
  answerText(outgoing, 503, 'the audit log is not open: nothing is done that is not written down\n');
}
