import type { X509Certificate } from 'node:crypto';
import { messageOf } from '../../contract/message-of.ts';
import { middlewares, routeLabel } from '../../contract/route.ts';
import { type Ingress, servedIngresses } from '../routes/route.ts';
import { onlineApps } from './apps.ts';
import type { Look } from './look.ts';
import { notApplicable, type Outcome, passUnless } from './outcome.ts';
import { ask, routePorts } from './route-client.ts';

/** The box makes the next one after half of thirty days. */
const LEAST_DAYS = 7;
const DAY_MS = 86_400_000;

/** A host that browsers ask for. */
export interface Host {
  name: string;
  /** Of the app whose Ingress has it. */
  namespace: string;
  path: string;
  /** Whether the box gives its certificate. */
  isCertified: boolean;
  /** Whether one has to log in first. */
  isGuarded: boolean;
}

export async function checkRedirect(look: Look): Promise<Outcome> {
  return await ofEach(look, ['host led to HTTPS', 'hosts led to HTTPS'], async ({ name, path }) => {
    const { status, location } = await ask(look, { name, path, protocol: 'http' });
    if ([301, 308].includes(status) && location.startsWith(`https://${name}`)) return null;
    return `port ${routePorts.http} answers ${status}${location === '' ? '' : `, to ${location}`}`;
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

async function ofEach(
  look: Look,
  [one, more]: readonly [string, string],
  found: (host: Host) => Promise<string | null>,
): Promise<Outcome> {
  const hosts = await hostsThatCount(look);
  if (hosts.length === 0) return notApplicable('no app of the site has a route');
  return await ofHosts(look, hosts, [one, more], found);
}

/** Of apps that are of use offline. */
export async function hostsThatCount(look: Look): Promise<Host[]> {
  const online = await onlineApps(look);
  return (await servedIngresses(look.kube, '', look.signal))
    .filter(({ metadata }) => !online.has(metadata.namespace))
    .flatMap(hostsOf);
}

/** Asks about all at once. @param found says what is wrong with one, or null. */
export async function ofHosts<Of extends Host>(
  look: Look,
  hosts: readonly Of[],
  [one, more]: readonly [string, string],
  found: (host: Of) => Promise<string | null>,
): Promise<Outcome> {
  const all = hosts.map(async (host) => {
    const why = await found(host).catch((error: unknown) => {
      look.signal.throwIfAborted();
      return messageOf(error);
    });
    return why === null ? [] : [`${host.name}: ${why}`];
  });
  return passUnless((await Promise.all(all)).flat(), `${hosts.length} ${hosts.length === 1 ? one : more}`);
}

const hostsOf = ({ metadata, spec: { rules = [] } }: Ingress): Host[] => {
  const { namespace, labels = {}, annotations = {} } = metadata;
  return rules.flatMap(({ host: name, http }) =>
    name === undefined
      ? []
      : [
          {
            name,
            namespace,
            path: http?.paths[0]?.path ?? '/',
            isCertified: labels[routeLabel.key] === routeLabel.value,
            isGuarded: (annotations[middlewares.key] ?? '').split(',').includes(middlewares.login),
          },
        ],
  );
};
