import type { X509Certificate } from 'node:crypto';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { type RequestOptions, request as requestSecure } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Look } from './look.ts';
import { patient } from './patient.ts';

export const routePorts = { http: 80, https: 443 };
const PATIENCE_MS = patient(30_000);
const FORM = 'application/x-www-form-urlencoded';

interface Question {
  name: string;
  path: string;
  protocol: keyof typeof routePorts;
  /** Root that the chain is checked against, or null for none. */
  ca?: string | null;
  /** Of the header. */
  cookie?: string;
  /** Posted. */
  form?: Readonly<Record<string, string>>;
}

interface Answer {
  status: number;
  /** Empty where it leads nowhere. */
  location: string;
  /** What it sets, a line each. */
  cookies: readonly string[];
  certificate: X509Certificate | null;
  /** Why the chain does not lead to the root; null where it does. */
  distrust: string | null;
}

/** Asks as a browser does that has the box's address for the name. What is in the answer is not read. */
export async function ask(look: Look, question: Question): Promise<Answer> {
  return await asking(look, question, async (incoming) => answerOf(incoming));
}

/** What a page has, at most. */
const LARGEST_PAGE = 1 << 20;

/** The content of a page. @throws Error for another status than 200, or more than a page may have. */
export async function read(look: Look, question: Question): Promise<string> {
  return await asking(look, question, async (incoming) => {
    if (incoming.statusCode !== 200) throw new Error(`${question.path} answers ${incoming.statusCode}`);
    let text = '';
    for await (const chunk of incoming.setEncoding('utf8')) {
      text += chunk;
      if (text.length > LARGEST_PAGE) throw new Error(`${question.path} does not end`);
    }
    return text;
  });
}

async function asking<Found>(
  { board, signal }: Look,
  { name, path, protocol, ca = null, cookie = '', form }: Question,
  take: (incoming: IncomingMessage) => Promise<Found>,
): Promise<Found> {
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const options: RequestOptions = {
    method: body === undefined ? 'GET' : 'POST',
    ...{ host: board.site.network.nodeAddress, port: routePorts[protocol], path, agent: false },
    headers: {
      ...{ host: name, accept: 'text/html' },
      ...(cookie === '' ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-type': FORM, 'content-length': Buffer.byteLength(body) }),
    },
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    // What is wrong with a certificate is told by the check for it, with the rest.
    ...(protocol === 'https' ? { servername: name, rejectUnauthorized: false } : {}),
    ...(ca === null ? {} : { ca }),
  };
  const send = protocol === 'https' ? requestSecure : requestPlain;
  const asked = send(options).end(body);
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('error', reject);
  });
  try {
    return await take(incoming);
  } finally {
    incoming.destroy();
  }
}

function answerOf({ statusCode: status = 0, headers, socket }: IncomingMessage): Answer {
  const { location = '', 'set-cookie': cookies = [] } = headers;
  const told = { status, location, cookies };
  if (!(socket instanceof TLSSocket)) return { ...told, certificate: null, distrust: null };
  const distrust = socket.authorized ? null : String(socket.authorizationError);
  return { ...told, certificate: socket.getPeerX509Certificate() ?? null, distrust };
}
