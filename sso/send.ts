import type { ServerResponse } from 'node:http';

export interface Answer {
  status: number;
  headers?: Record<string, string | string[]>;
  html?: string;
}

export function send(response: ServerResponse, { status, headers = {}, html }: Answer): void {
  const type = html === undefined ? {} : { 'content-type': 'text/html; charset=utf-8' };
  response.writeHead(status, { ...headers, ...type }).end(html);
}
