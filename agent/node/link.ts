import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CpiabError } from '../../contract/errors.ts';
import { run } from '../../host/process.ts';
import type { JoinedCluster } from '../join/store.ts';

/** How this node reaches its box. */
export interface Link {
  /** The box's address on the network that both stand on. */
  box: string;
  /** This node's, there. */
  own: string;
  device: string;
}

const PATIENCE_MS = 60_000;
const POLL_MS = 1000;

/** Source: iproute2, `ip -json route get`. */
interface Route {
  gateway?: string;
  dev?: string;
  prefsrc?: string;
}

/**
 * Finds the network that leads to the box; waits for a lease that is not there yet.
 * @param box host and port. @throws CpiabError E5509.
 */
export async function findLink(box: string, signal: AbortSignal, patienceMs = PATIENCE_MS): Promise<Link> {
  const wrong = (why: string) => new CpiabError('E5509', { subject: box, args: [why] });
  const { hostname } = new URL(`https://${box}/`);
  const address = await lookup(hostname, { family: 4 }).catch(() => null);
  if (address === null) throw wrong(`${hostname} has no IPv4 address`);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const route = await routeTo(address.address, signal);
    if (route?.gateway !== undefined) throw wrong(`the router ${route.gateway} stands between them`);
    const { dev = '', prefsrc = '' } = route ?? {};
    // Without a card that fits, all goes where nothing is.
    if (dev !== '' && dev !== 'cpiab0') return { box: address.address, own: prefsrc, device: dev };
    if (performance.now() > deadline) throw wrong('no network card has an address of its network');
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function routeTo(address: string, signal: AbortSignal): Promise<Route | null> {
  const command = ['ip', '-json', '-4', 'route', 'get', address];
  const found = await run(command, { signal }).catch(() => null);
  signal.throwIfAborted();
  return found === null ? null : ((JSON.parse(found.stdout) as Route[])[0] ?? null);
}

/**
 * Lets the firewall know whom this node may talk with: its box, and what that has told of the cluster.
 * @param fixed the site's `network.nodeAddress`.
 */
export async function admitCluster(
  { box, own }: Link,
  fixed: string,
  cluster: Pick<JoinedCluster, 'servers' | 'peers'> | null,
  signal: AbortSignal,
): Promise<void> {
  const { servers, peers } = cluster ?? { servers: [], peers: [] };
  const others = (addresses: readonly string[]) => addresses.filter((address) => address !== own);
  const input =
    firewallSet('peers', others([box, fixed, ...servers, ...peers])) +
    firewallSet('servers', others(servers));
  await run(['nft', '-f', '-'], { input, signal });
}

/** What fills a set of the firewall anew, in the words of nft(8). */
export function firewallSet(name: 'peers' | 'servers', addresses: readonly string[]): string {
  const elements = [...new Set(addresses)];
  const add = elements.length === 0 ? '' : `add element inet cpiab ${name} { ${elements.join(', ')} }\n`;
  return `flush set inet cpiab ${name}\n${add}`;
}

/**
 * Leads the box's fixed address to the box: pods and kubelet find the API server there, whatever lease the box has.
 * Idempotent. @param fixed the site's `network.nodeAddress`.
 */
export async function routeToBox(
  { box, own, device }: Link,
  fixed: string,
  signal: AbortSignal,
): Promise<void> {
  const route = [`${fixed}/32`, 'via', box, 'dev', device, 'src', own];
  await run(['ip', 'route', 'replace', ...route], { signal });
}
