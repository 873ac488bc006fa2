import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { Self } from '../../../agent/engine/engine.ts';
import type { Kubeadm } from '../../../agent/engine/kubeadm/command.ts';
import { etcdAccess } from '../../../agent/engine/kubeadm/etcd/access.ts';
import { listMembers } from '../../../agent/engine/kubeadm/etcd/members.ts';
import { hostFiles, writeHostFiles } from '../../../agent/engine/kubeadm/host-files.ts';
import { mintJoin, revokeNode } from '../../../agent/engine/kubeadm/membership.ts';
import {
  isOwnControlPlane,
  rewriteControlPlane,
  uploadControlPlane,
} from '../../../agent/engine/kubeadm/rewrite.ts';
import {
  initialise,
  joinAsServer,
  pointEndpoint,
  writeJoinFiles,
} from '../../../agent/engine/kubeadm/start.ts';
import { stageStaticPods } from '../../../agent/engine/kubeadm/static-pods.ts';
import { until } from '../../../agent/until.ts';
import { engineImages } from '../../../contract/engine-images.ts';
import { type JoinMaterial, JoinMaterialSchema } from '../../../contract/join-material.ts';
import { parseBoxSite } from '../../../contract/site.ts';
import { run as runProgram } from '../../../host/process.ts';

/** What a machine of a test is told, one JSON object on standard input; the answer is one on standard output. */
export type Order =
  | { do: 'init' }
  /** Starts it again by a version that calls the cluster otherwise. */
  | { do: 'restart'; as: string }
  | { do: 'join'; material: JoinMaterial }
  | { do: 'mint'; node: string }
  | { do: 'revoke'; node: string }
  | { do: 'members' };

/** What there is no kubelet for: looking at this machine, and its certificate. */
const WITHOUT_KUBELET = {
  init: ['preflight', 'addon', 'kubelet-finalize'],
  join: ['preflight', 'kubelet-wait-bootstrap'],
};
const TTL_MS = 600_000;
const ADMIN = '/etc/kubernetes/admin.conf';
const never = new AbortController().signal;

const { self, run, order } = JSON.parse(await text(process.stdin)) as {
  self: Self;
  run: string;
  order: Order;
};
const site = parseBoxSite({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  engine: { version: 'v1.36.3' },
});
const images = engineImages(
  ['registry.k8s.io/etcd:3.6.8-0', 'registry.k8s.io/coredns/coredns:v1.14.7', 'cpiab.dev/oci/pause:1'],
  site.engine.version,
);
const files = { ...hostFiles(run, `${run}/cni`), hosts: '/etc/hosts' };
const input = { site, images, self, containerdSocket: '/run/containerd/containerd.sock', ...files };
const etcd = etcdAccess([`https://${self.address}:2379`]);
/** The API server answers. */
async function untilReady(): Promise<void> {
  const ask = ['kubectl', '--kubeconfig', ADMIN, 'get', '--raw', '/readyz'];
  await until(
    () =>
      runProgram(ask).then(
        () => true,
        () => false,
      ),
    never,
  );
}

/** There is no systemd in these namespaces. */
const kubeadm: Kubeadm = async (args, onLine, signal) => {
  await runProgram(['kubeadm', ...args], { onLine, signal });
};
const progress = (line: string) => process.stderr.write(`${self.name}: ${line}\n`);

/** kubeadm asks kubelet how it is. */
function answerForKubelet(): void {
  createServer((_, response) => response.end('ok'))
    .listen(10_248, '127.0.0.1')
    .unref();
}

const orders: { [Name in Order['do']]: (order: Extract<Order, { do: Name }>) => Promise<unknown> } = {
  init: async () => {
    answerForKubelet();
    await writeHostFiles(files, input);
    const documents = parseAllDocuments(await readFile(files.kubeadm, 'utf8')).map((document) =>
      document.toJS(),
    );
    Object.assign(documents[0], { skipPhases: WITHOUT_KUBELET.init });
    await writeFile(files.kubeadm, documents.map((document) => `---\n${stringify(document)}`).join(''));
    await pointEndpoint(files.hosts, self, self.address);
    const { complete } = await initialise(kubeadm, files, `${run}/initialised`, progress, never);
    await stageStaticPods('all', files.staticPods);
    await complete;
  },
  restart: async ({ as }) => {
    answerForKubelet();
    await writeHostFiles(files, { ...input, site: { ...site, name: as } });
    const known = await isOwnControlPlane(files);
    if (!known) await rewriteControlPlane(kubeadm, files, progress, never);
    await pointEndpoint(files.hosts, self, self.address);
    await stageStaticPods('api-server', files.staticPods);
    await untilReady();
    await stageStaticPods('all', files.staticPods);
    if (!known) await uploadControlPlane(kubeadm, files, never);
    return known;
  },
  join: async ({ material }) => {
    answerForKubelet();
    await writeHostFiles(files, input);
    await writeJoinFiles(files, input, JoinMaterialSchema.parse(material));
    const document = parse(await readFile(files.join, 'utf8'));
    await writeFile(files.join, stringify({ ...document, skipPhases: WITHOUT_KUBELET.join }));
    await pointEndpoint(files.hosts, self, material.servers[0] ?? '');
    await joinAsServer(kubeadm, files, `${run}/initialised`, progress, never);
    await pointEndpoint(files.hosts, self, self.address);
  },
  mint: ({ node }) =>
    mintJoin({ etcd, kubeconfig: ADMIN }, { name: node, role: 'control-plane' }, TTL_MS, never),
  revoke: ({ node }) => revokeNode({ etcd, kubeconfig: ADMIN }, node, never),
  members: () => listMembers(etcd, never),
};

const answer = await orders[order.do](order as never);
process.stdout.write(JSON.stringify(answer ?? null));
