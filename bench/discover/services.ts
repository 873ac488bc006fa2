import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browseWithAvahi, startAvahi, stopAvahi } from '../../test/support/discover/avahi.ts';
import { inside, Lan } from '../../test/support/discover/lan.ts';

/** Services that were found by IPv4, and after how many milliseconds the last of them, or the program's end, came. */
export interface Browsed {
  tookMs: number;
  found: number;
}

const HOSTS = 10;
/** On each host: one of a type that everybody asks for, one that has to be learned first. */
const TYPES = ['_nfs._tcp', '_teapot._tcp'];
export const SERVICES = HOSTS * TYPES.length;

/** How Avahi's hosts are found by us and by avahi-browse, beside each other. */
export async function browse(sweeps: number): Promise<{ ours: Browsed[]; theirs: Browsed[] }> {
  const root = await mkdtemp(join(tmpdir(), 'cpiab-bench-'));
  const lan = await Lan.open('browse');
  const hosts: ChildProcess[] = [];
  try {
    const box = await lan.host('box', '10.77.0.1');
    for (let index = 0; index < HOSTS; index += 1) {
      const namespace = await lan.host(`h${index}`, `10.77.0.${20 + index}`);
      const services = TYPES.map((type, at) => ({ type, port: 2000 + at }));
      hosts.push(
        await startAvahi(namespace, join(root, `${index}`), { host: `h${index}`, name: '%h', services }),
      );
    }
    const [ours, theirs]: [Browsed[], Browsed[]] = [[], []];
    for (let count = 0; count < sweeps; count += 1) {
      ours.push(await byUs(box));
      theirs.push(await byAvahi(box, root));
    }
    return { ours, theirs };
  } finally {
    await Promise.all(hosts.map(stopAvahi));
    await lan.close();
    await rm(root, { recursive: true, force: true });
  }
}

async function byUs(box: string): Promise<Browsed> {
  const script = join(import.meta.dirname, '../../test/support/discover/browse-child.ts');
  const text = await inside(box, [process.execPath, script, String(2 * (SERVICES + HOSTS))]);
  const { tookMs, services } = JSON.parse(text) as { tookMs: number; services: string[] };
  return { tookMs, found: services.filter((each) => /^10\..*:200\d$/.test(each)).length };
}

async function byAvahi(box: string, root: string): Promise<Browsed> {
  const { tookMs, lines } = await browseWithAvahi(box, root);
  const found = new Set(lines.filter((line) => /^=;eth0;IPv4;.*;200\d;/.test(line)));
  return { tookMs, found: found.size };
}
