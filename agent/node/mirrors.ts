import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ports } from '../../contract/layout.ts';
import { writeAtomic } from '../../host/files.ts';

/** A registry of the cluster, as this node reaches it; paths of PEM files. */
export interface ClusterRegistry {
  /** Host and port. */
  address: string;
  ca: string;
  certificate: string;
  key: string;
}

/** Those that are asked before this node's own medium, and after it. */
export interface Registries {
  before: readonly ClusterRegistry[];
  after: readonly ClusterRegistry[];
}

export const noRegistries: Registries = { before: [], after: [] };

const OWN = `http://127.0.0.1:${ports.registry}`;
/** Hosts that the image has settings for; `_default` stands for all others. */
const IMAGE_SETTINGS = '/etc/containerd/certs.d';
const UNKNOWN = '_default';

/**
 * Writes where containerd looks for images, a file for each host that references name; nothing is asked outside. A node
 * with the box's own bundle takes from its medium, which it has verified by the same signature: no image goes over the
 * network, and none has to be unpacked. With another bundle others go first, since Git in the box names its images.
 * containerd reads them at each pull, and asks the next one where one does not answer. Source: containerd, docs/hosts.md.
 */
export async function writeMirrors(
  directory: string,
  registries: Registries,
  settings: string = IMAGE_SETTINGS,
): Promise<void> {
  for (const host of await readdir(settings)) {
    await mkdir(join(directory, host), { recursive: true });
    await writeAtomic(join(directory, host, 'hosts.toml'), hostsToml(host, registries));
  }
}

export function hostsToml(host: string, { before, after }: Registries): string {
  const path = `/v2/${host === UNKNOWN ? 'unknown-host' : host}`;
  const own = { server: `${OWN}${path}`, lines: access(null) };
  const place = (one: ClusterRegistry) => ({ server: `https://${one.address}${path}`, lines: access(one) });
  const places = [...before.map(place), own, ...after.map(place)];
  const last = places.pop() ?? own;
  const sections = places.map(({ server, lines }) => `\n[host."${server}"]\n${lines}`);
  // What stands in `server` is asked last.
  return `server = '${last.server}'\n${last.lines}${sections.join('')}`;
}

function access(registry: ClusterRegistry | null): string {
  const common = "override_path = true\ncapabilities = ['pull', 'resolve']\n";
  if (registry === null) return common;
  return `${common}ca = '${registry.ca}'\nclient = [['${registry.certificate}', '${registry.key}']]\n`;
}
