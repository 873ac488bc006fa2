import type { X509Certificate } from 'node:crypto';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { type RequestOptions, request as requestSecure } from 'node:https';
import { TLSSocket } from 'node:tls';
import { routeLabel } from '../../contract/route.ts';
import { type Ingress, servedIngresses } from '../routes/route.ts';
import { onlineApps } from './apps.ts';
import type { Look } from './look.ts';
import { notApplicable, type Outcome, passUnless } from './outcome.ts';

const PORTS = { http: 80, https: 443 };
const PATIENCE_MS = 30_000;
/** The box makes the next one after half of thirty days. */
const LEAST_DAYS = 7;
const DAY_MS = 86_400_000;

/** A host that browsers ask for. */
interface Host {
  name: string;
  path: string;
  /** Whether the box gives its certificate. */
  isCertified: boolean;
}

export async function checkRedirect(look: Look): Promise<Outcome> {
  return await ofEach(look, ['host led to HTTPS', 'hosts led to HTTPS'], async ({ name, path }) => {
    const { status, location } = await ask(look, { name, path, protocol: 'http' });
    if ([301, 308].includes(status) && location.startsWith(`https://${name}`)) return null;
    return `port ${PORTS.http} answers ${status}${location === '' ? '' : `, to ${location}`}`;
  });
}

export async function checkCertificates(look: Look): Promise<Outcome> {
  const root = await look.board.get('authority').rootCertificate();
  const valid = ['valid certificate', 'valid certificates'] as const;
  return await ofEach(look, valid, async ({ name, path, isCertified }) => {
    const ca = isCertified ? root : null;
    const { certificate, distrust } = await ask(look, { name, path, protocol: 'https', ca });
    const foreign = isCertified && distrust !== null ? `its certificate is not the box's: ${distrust}` : null;
    return wrongWith(certificate, name) ?? foreign;
  });
}

function wrongWith(certificate: X509Certificate | null, name: string): string | null {
  if (certificate === null) return 'no certificate';
  if (certificate.checkHost(name) === undefined)
    return `its certificate is for ${certificate.subjectAltName}`;
  const left = (certificate.validToDate.getTime() - Date.now()) / DAY_MS;
  return left > LEAST_DAYS ? null : `its certificate ends ${certificate.validToDate.toISOString()}`;
}

/** An app that asks who one is, or sends one on to who asks, answers too. */
export async function checkRoutes(look: Look): Promise<Outcome> {
  return await ofEach(look, ['route that answers', 'routes that answer'], async ({ name, path }) => {
    const { status } = await ask(look, { name, path, protocol: 'https' });
    return status < 400 || status === 401 || status === 403 ? null : `answers ${status}`;
  });
}

/** Of apps that are of use offline. @param found says what is wrong with one, or null. */
async function ofEach(
  look: Look,
  [one, more]: readonly [string, string],
  found: (host: Host) => Promise<string | null>,
): Promise<Outcome> {
  const online = await onlineApps(look);
  const hosts = (await servedIngresses(look.kube, '', look.signal))
    .filter(({ metadata }) => !online.has(metadata.namespace))
    .flatMap(hostsOf);
  if (hosts.length === 0) return notApplicable('no app of the site has a route');
  const all = hosts.map(async (host) => {
    const why = await found(host).catch((error: unknown) => {
      look.signal.throwIfAborted();
      return error instanceof Error ? error.message || error.name : String(error);
    });
    return why === null ? [] : [`${host.name}: ${why}`];
  });
  return passUnless((await Promise.all(all)).flat(), `${hosts.length} ${hosts.length === 1 ? one : more}`);
}

const hostsOf = ({ metadata: { labels = {} }, spec: { rules = [] } }: Ingress): Host[] =>
  rules.flatMap(({ host: name, http }) =>
    name === undefined
      ? []
      : [
          {
            name,
            path: http?.paths[0]?.path ?? '/',
            isCertified: labels[routeLabel.key] === routeLabel.value,
          },
        ],
  );

interface Question {
  name: string;
  path: string;
  protocol: keyof typeof PORTS;
  /** Root that the chain is checked against, or null for none. */
  ca?: string | null;
}

interface Answer {
  status: number;
  /** Empty where it leads nowhere. */
  location: string;
  certificate: X509Certificate | null;
  /** Why the chain does not lead to the root; null where it does. */
  distrust: string | null;
}

/** Asks as a browser does that has the box's address for the name. What is in the answer is not read. */
async function ask({ board, signal }: Look, { name, path, protocol, ca = null }: Question): Promise<Answer> {
  const options: RequestOptions = {
    ...{ host: board.site.network.nodeAddress, port: PORTS[protocol], path, agent: false },
    headers: { host: name },
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    // What is wrong with a certificate is told by the check for it, with the rest.
    ...(protocol === 'https' ? { servername: name, rejectUnauthorized: false } : {}),
    ...(ca === null ? {} : { ca }),
  };
  const send = protocol === 'https' ? requestSecure : requestPlain;
  return await new Promise((resolve, reject) => {
    const asked = send(options, (incoming) => {
      resolve(answerOf(incoming));
      incoming.destroy();
    });
    asked.on('error', reject);
    asked.end();
  });
}

function answerOf({ statusCode: status = 0, headers: { location = '' }, socket }: IncomingMessage): Answer {
  if (!(socket instanceof TLSSocket)) return { status, location, certificate: null, distrust: null };
  const distrust = socket.authorized ? null : String(socket.authorizationError);
  return { status, location, certificate: socket.getPeerX509Certificate() ?? null, distrust };
}
