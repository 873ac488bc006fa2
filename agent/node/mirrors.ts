import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ports } from '../../contract/layout.ts';
import { writeAtomic } from '../../host/files.ts';

/** The box's registry, as this node reaches it; paths of PEM files. */
export interface BoxRegistry {
  /** Host and port. */
  address: string;
  ca: string;
  certificate: string;
  key: string;
  /** Whether box and node have the same bundle. */
  sameBundle: boolean;
}

const OWN = `http://127.0.0.1:${ports.registry}`;
/** Hosts that the image has settings for; `_default` stands for all others. */
const IMAGE_SETTINGS = '/etc/containerd/certs.d';
const UNKNOWN = '_default';

/**
 * Writes where containerd looks for images, a file for each host that references name; nothing is asked outside. A node
 * with the box's own bundle takes from its medium, which it has verified by the same signature: no image goes over the
 * network, and none has to be unpacked. With another bundle the box goes first, since Git in the box names its images.
 * containerd reads them at each pull. Source: containerd, docs/hosts.md.
 * @param box null until the node has joined.
 */
export async function writeMirrors(
  directory: string,
  box: BoxRegistry | null,
  settings: string = IMAGE_SETTINGS,
): Promise<void> {
  for (const host of await readdir(settings)) {
    await mkdir(join(directory, host), { recursive: true });
    await writeAtomic(join(directory, host, 'hosts.toml'), hostsToml(host, box));
  }
}

export function hostsToml(host: string, box: BoxRegistry | null): string {
  const path = `/v2/${host === UNKNOWN ? 'unknown-host' : host}`;
  const own = { server: `${OWN}${path}`, lines: access(null) };
  if (box === null) return `server = '${own.server}'\n${own.lines}`;
  const boxes = { server: `https://${box.address}${path}`, lines: access(box) };
  const [first, last] = box.sameBundle ? [own, boxes] : [boxes, own];
  return `server = '${last.server}'\n${last.lines}\n[host."${first.server}"]\n${first.lines}`;
}

function access(box: BoxRegistry | null): string {
  const common = "override_path = true\ncapabilities = ['pull', 'resolve']\n";
  if (box === null) return common;
  return `${common}ca = '${box.ca}'\nclient = [['${box.certificate}', '${box.key}']]\n`;
}
