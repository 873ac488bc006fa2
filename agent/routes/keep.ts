import { setTimeout as sleep } from 'node:timers/promises';
import { routeLabel, routeSecret } from '../../contract/route.ts';
import { type AuditLog, theBox } from '../audit/log.ts';
import type { Board } from '../board.ts';
import { type KubeClient, KubeError, type KubeObject } from '../kube/client.ts';
import { ServerAuthority } from '../pki/server-authority.ts';
import { journal } from '../report/journal.ts';
import type { Problem } from '../report/report.ts';
import { isCurrent } from './current.ts';
import { type Route, routesOf, servedIngresses } from './route.ts';

const LOOK_MS = 15_000;
const LABELLED = `?labelSelector=${encodeURIComponent(`${routeLabel.key}=${routeLabel.value}`)}`;

interface Secret {
  metadata: { name: string; namespace: string };
  data?: Record<string, string>;
}

interface RouteParts {
  kube: Pick<KubeClient, 'get' | 'apply'>;
  servers: ServerAuthority;
  audit: Pick<AuditLog, 'record'>;
  /** Milliseconds since the epoch. */
  wall: () => number;
}

/** Keeps certificates of the routes that ask the box for them, as long as it runs. */
export async function keepRoutes(board: Board, wall: () => number, signal: AbortSignal): Promise<void> {
  const kube = await board.when('kube');
  const [authority, audit] = [await board.when('authority'), await board.when('audit')];
  const servers = new ServerAuthority(board.paths.pki, authority, board.site.network.domain, wall);
  for (;;) {
    try {
      board.report.lasting('routes', await certifyRoutes({ kube, servers, audit, wall }, signal));
    } catch (error) {
      signal.throwIfAborted();
      journal('warn', { routes: (error as Error).message });
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/**
 * Once: writes each Secret that an Ingress names and that has no certificate for its hosts, or one of which half the
 * life is over. @returns what a person has to put right.
 */
export async function certifyRoutes(parts: RouteParts, signal: AbortSignal): Promise<Problem | null> {
  const { kube } = parts;
  const routes = (await servedIngresses(kube, LABELLED, signal)).flatMap(routesOf);
  if (routes.length === 0) return null;
  const { items: kept } = await kube.get<{ items: Secret[] }>(`/api/v1/secrets${LABELLED}`, signal);
  const problems: (Problem | null)[] = [];
  for (const route of routes) {
    const own = kept.find(
      ({ metadata: { name, namespace } }) => name === route.secret && namespace === route.namespace,
    );
    problems.push(await certify(parts, route, own?.data, signal));
  }
  return problems.find((problem) => problem !== null) ?? null;
}

async function certify(
  { kube, servers, audit, wall }: RouteParts,
  route: Route,
  kept: Secret['data'],
  signal: AbortSignal,
): Promise<Problem | null> {
  const outside = route.hosts.find((host) => !servers.covers(host));
  if (outside !== undefined)
    return {
      problem: `${route.ingress} asks for a certificate of ${outside}, which is not below ${servers.domain}`,
      nextAction:
        "give it a host below the site's network.domain, or set that and bring the box a new bundle",
    };
  if (kept !== undefined && isCurrent(kept, route.hosts, await servers.root(), wall())) return null;
  if (kept === undefined && (await isThere(kube, route, signal)))
    return {
      problem: `${route.ingress} asks for Secret ${route.secret}, which somebody else made`,
      nextAction: `delete that Secret, or the label ${routeLabel.key} of the Ingress`,
    };
  const { key, certificate, root, serial } = await servers.issue(route.hosts);
  const subject = `route ${route.hosts.join(', ')}`;
  const detail = `certificate ${serial} for ${route.ingress}`;
  await audit.record({ who: theBox, action: 'issue', subject, outcome: 'done', detail });
  await kube.apply(pathOf(route), secretOf(route, { certificate, key, root }), signal);
  return null;
}

const pathOf = ({ namespace, secret }: Route) => `/api/v1/namespaces/${namespace}/secrets/${secret}`;

async function isThere(kube: RouteParts['kube'], route: Route, signal: AbortSignal): Promise<boolean> {
  return await kube.get(pathOf(route), signal).then(
    () => true,
    (error: unknown) => {
      if (error instanceof KubeError && error.status === 404) return false;
      throw error;
    },
  );
}

/** The Ingress owns it: Kubernetes removes it with that. */
function secretOf(route: Route, content: Record<keyof typeof routeSecret, string>): KubeObject {
  const keys = Object.keys(routeSecret) as (keyof typeof routeSecret)[];
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: {
      name: route.secret,
      namespace: route.namespace,
      labels: { [routeLabel.key]: routeLabel.value },
      ownerReferences: [route.owner],
    },
    data: Object.fromEntries(
      keys.map((key) => [routeSecret[key], Buffer.from(content[key]).toString('base64')]),
    ),
  };
}
