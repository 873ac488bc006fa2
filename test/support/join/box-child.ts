import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RegistryProxy } from '../../../agent/api/registry-proxy.ts';
import { startApi } from '../../../agent/api/start.ts';
import { AuditLog } from '../../../agent/audit/log.ts';
import { Backups } from '../../../agent/backup/backups.ts';
import { Board, type Paths } from '../../../agent/board.ts';
import { kubeadmEngine } from '../../../agent/engine/kubeadm/kubeadm.ts';
import { type Change, Ledger, type NodeRecord } from '../../../agent/enroll/ledger.ts';
import { expandAlways } from '../../../agent/expand/keep.ts';
import { KubeClient } from '../../../agent/kube/client.ts';
import { readKubeconfig } from '../../../agent/kube/kubeconfig.ts';
import { keepMembers } from '../../../agent/members/keep.ts';
import { BoxReport } from '../../../agent/report/report.ts';
import { makeOperator } from '../../../builder/bundle/operator.ts';
import type { AuditEvent } from '../../../contract/audit-log.ts';
import type { NodeRole } from '../../../contract/join-material.ts';
import { box, bundleFiles, ports } from '../../../contract/layout.ts';
import { ManifestSchema } from '../../../contract/manifest.ts';
import { digestOfBytes } from '../../../host/hashing.ts';
import { Moments } from '../enroll/moments.ts';
import { joinManifest, joinSigned, joinSite } from './site.ts';

/**
 * The box's side of a join, on a machine whose control plane runs: `DIRECTORY ADDRESS AT BUNDLE`. A line on standard input is an
 * order, a line of JSON on standard output its answer. AT names the moment at which it is killed; BUNDLE is what it serves,
 * where that matters.
 */
const [directory = '', address = '', at = '', bundle = ''] = process.argv.slice(2);
const repository = join(import.meta.dirname, '..', '..', '..');
const { programs: _, ...names } = box;
const own = Object.entries(names)
  .filter(([, path]) => path.startsWith('/var/lib/cpiab') || path.startsWith('/run/cpiab'))
  .map(([name, path]) => [name, join(directory, path)]);
const paths = {
  ...(names as Paths),
  ...(Object.fromEntries(own) as Partial<Paths>),
  console: join(repository, 'agent', 'files', box.console),
  joinScript: join(repository, 'agent', 'files', box.joinScript),
  operatorCa: join(directory, 'operator-ca.crt'),
  ...(bundle === '' ? {} : { bundle }),
};
await mkdir(paths.state, { recursive: true });
await writeFile(paths.operatorCa, (await makeOperator('alice', new Date())).ca);
const site = joinSite;
const report = new BoxReport(['engine'], () => performance.now(), site.name);
report.set({ id: '00000000-0000-4000-8000-000000000000', state: 'disk' });
const board = new Board(site, report, (why) => process.stderr.write(`abandoned: ${why}\n`), paths);
const never = new AbortController().signal;
const self = {
  name: 'box',
  role: 'control-plane',
  joins: false,
  address: site.network.nodeAddress,
  highlyAvailable: true,
} as const;
createServer((_, outgoing) => outgoing.end('{}')).listen(ports.registry, '127.0.0.1');
board.put('served', { git: undefined as never, registry: new RegistryProxy(ports.registry) });
const text = bundle === '' ? null : await readFile(join(bundle, bundleFiles.manifest));
board.put('signed', text === null ? joinSigned : { ...joinSigned, digest: digestOfBytes(text) });
board.put('manifest', text === null ? joinManifest : ManifestSchema.parse(JSON.parse(text.toString())));
board.put('engine', kubeadmEngine(site, paths, joinManifest, self));
void startApi(board, new Backups(board, Date.now), { restored: false, takesNodes: true }, never);
const enrollment = await board.when('enrollment');
board.put('kube', new KubeClient(await readKubeconfig('/etc/kubernetes/super-admin.conf')));
void keepMembers(board, 'box', never);
void expandAlways(board, never);

const who = { name: 'alice', fingerprint: 'f', role: 'admin' } as const;
const idOf = (name: string) => enrollment.list().nodes.find((node) => node.name === name)?.id ?? '';
const roleOf = (text: string): NodeRole => (text === 'control-plane' ? text : 'agent');
const orders: Record<string, (name: string, more: string) => unknown> = {
  invite: (name, role) => enrollment.invite({ role: roleOf(role), ttl: 900, name }, address, who),
  mint: (name) => board.get('engine').mintJoinToken({ name, role: 'agent' }, 600_000, never),
  nodes: () => enrollment.list().nodes,
  approve: async (name) => {
    const node = enrollment.list().nodes.find((one) => one.name === name);
    const asked = { id: idOf(name), request: node?.request ?? '', who, reason: 'test' };
    await enrollment.approve(asked);
    return 'approved';
  },
  plan: (pool) => board.get('expander').plan(board.get('kube'), pool),
  expand: (digest) => board.get('expander').approve(board.get('kube'), digest, who, 'test'),
  expansion: () => board.get('expander').status(),
  'go-on': () => board.get('expander').goOn(who),
  problem: () => report.snapshot().problem,
  drain: (name) => enrollment.drain({ id: idOf(name), who, reason: 'test' }, 10, never),
  revoke: (name) => enrollment.revoke({ id: idOf(name), who, reason: 'test' }),
  remove: (name) => enrollment.remove({ id: idOf(name), who, reason: 'test' }),
  log: () => board.get('audit').read(0),
};
const moments = new Moments(at);
moments.around(
  AuditLog.prototype,
  'record',
  ({ action, outcome }: AuditEvent) => `record ${action} ${outcome}`,
);
moments.around(Ledger.prototype, 'put', ({ nodes }: Change) => `put ${stage(nodes?.[0])}`);

/** How far a node's record says that it is. */
function stage(node: NodeRecord | undefined): string {
  if (node?.ready != null) return 'ready';
  return node?.joining == null ? String(node?.state) : 'joining';
}

for await (const line of createInterface({ input: process.stdin })) {
  const [what = '', name = '', more = ''] = line.split(' ');
  const answer = await Promise.resolve()
    .then(() => orders[what]?.(name, more))
    .catch((error: Error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(answer ?? null)}\n`);
}
process.exit(0);
