import { mkdtemp, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { upgrades } from '../../agent/api/api.ts';
import type { DocumentSources } from '../../agent/api/documents.ts';
import { type ApiIdentity, apiIdentity } from '../../agent/api/identity.ts';
import { InstallDesk } from '../../agent/api/install.ts';
import { KubernetesDesk } from '../../agent/api/kubernetes/desk.ts';
import { readersOf } from '../../agent/api/parts.ts';
import { PassphraseDesk } from '../../agent/api/passphrase.ts';
import { type ApiParts, route } from '../../agent/api/router.ts';
import { httpsServer, listen } from '../../agent/api/server.ts';
import { SignIns } from '../../agent/api/sign-ins.ts';
import { SiteFiles } from '../../agent/api/site-files.ts';
import { SupportDesk } from '../../agent/api/support.ts';
import { AuditLog } from '../../agent/audit/log.ts';
import { Backups } from '../../agent/backup/backups.ts';
import { Board } from '../../agent/board.ts';
import { DecryptionDesk } from '../../agent/decrypt/desk.ts';
import { LiveConnections } from '../../agent/enroll/live.ts';
import { enrollHttp, openEnrollment } from '../../agent/enroll/open.ts';
import { ExpandHttp } from '../../agent/expand/http.ts';
import { openExpander } from '../../agent/expand/keep.ts';
import { PostcheckDesk } from '../../agent/postcheck/desk.ts';
import { BoxReport } from '../../agent/report/report.ts';
import { openSeal } from '../../agent/seal.ts';
import type { Served } from '../../agent/serve/served.ts';
import { StageDesk } from '../../agent/stage/desk.ts';
import { svidHttp } from '../../agent/svid/open.ts';
import { UpdateHttp } from '../../agent/update/http.ts';
import type { Updater } from '../../agent/update/updater.ts';
import { makeOperator, type OperatorCredential } from '../../builder/bundle/operator.ts';
import type { DashboardList } from '../../contract/dashboard.ts';
import { box } from '../../contract/layout.ts';
import type { PassphraseChange } from '../../contract/passphrase.ts';
import { parseBoxSite } from '../../contract/site.ts';
import type { Evidence } from '../../contract/status.ts';
import { run } from '../../host/process.ts';
import { removeTree } from './remove-tree.ts';

/** The web console's files, as the box has them. */
const consoleFiles = join(dirname(dirname(import.meta.dirname)), 'agent', 'files', box.console);

/** A box's API on a port of the loopback address, with everything a client needs to trust it and push to it. */
export interface TestApi {
  url: string;
  port: number;
  directory: string;
  identity: ApiIdentity;
  operator: OperatorCredential;
  report: BoxReport;
  audit: AuditLog;
  /** Where tests put up what the steps find out; its state tree is below `directory`. */
  board: Board;
  /** How often the box was told to reboot. */
  reboots: () => number;
  /** Paths of PEM files for clients. */
  files: { ca: string; certificate: string; key: string };
  /** How many the server has. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Starts it over real TLS; `served` gives Git and registry, as the serve step does.
 * @param documents what it tells of a cluster and a bundle; without them it has neither.
 */
export async function startTestApi(
  served: () => Served | undefined,
  {
    updater = () => undefined,
    enroll = {},
    site: own = {},
    directory: given,
    changePassphrase = async () => {},
    ...documents
  }: Partial<DocumentSources> & {
    changePassphrase?: (change: PassphraseChange) => Promise<void>;
    updater?: () => Updater | undefined;
    enroll?: { site?: object; wall?: () => number; restored?: boolean };
    /** Keys of its site. */
    site?: object;
    /** Of a box that was there before; it stays when this one is closed. */
    directory?: string;
  } = {},
): Promise<TestApi> {
  const directory = given ?? (await mkdtemp(join(tmpdir(), 'cpiab-api-')));
  const identity = await apiIdentity(join(directory, 'tls'), ['localhost', '127.0.0.1', '10.44.0.1']);
  const operator = await makeOperator('alice', new Date());
  const report = documents.report ?? new BoxReport(['verify', 'serve'], () => 1234, 'lab');
  report.set({ id: 'b1000000', fingerprint: identity.fingerprint });
  const stop = new AbortController();
  const seal = await openSeal(join(directory, 'tls', 'seal.key'), 'b1', identity);
  const audit = await AuditLog.open(join(directory, 'audit'), seal, {
    wall: enroll.wall ?? Date.now,
    uptime: () => 1234,
  });
  const state = join(directory, 'state');
  const site = parseBoxSite({
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab' },
    engine: { version: 'v1.36.3' },
    enroll: enroll.site ?? {},
    ...own,
  });
  const below = {
    backups: join(state, 'backups'),
    cargo: join(state, 'cargo'),
    enroll: join(state, 'enroll'),
    pki: join(state, 'pki'),
    ageKey: join(state, 'age.key'),
    postcheck: join(state, 'postcheck'),
    stages: join(state, 'stages.json'),
    expansion: join(state, 'expansion.json'),
  };
  const board = new Board(site, report, () => {}, { ...box, state, ...below });
  board.put('audit', audit);
  board.put('seal', seal);
  const live = new LiveConnections();
  const clocks = { wall: enroll.wall ?? Date.now, uptime: () => performance.now() };
  board.put('enrollment', await openEnrollment(board, live, enroll.restored ?? false, clocks, stop.signal));
  board.put('expander', await openExpander(board, clocks));
  let reboots = 0;
  const reboot = async () => {
    reboots += 1;
  };
  const sources = {
    report,
    certificate: identity.certificate,
    root: () => board.peek('authority')?.rootCertificate(),
    backups: { of: new Backups(board, Date.now), reboot },
    kube: () => board.peek('kube'),
    served,
    kustomizations: () => undefined,
    images: () => undefined,
    dashboards: {
      list: async (): Promise<DashboardList> => ({
        ...{ apiVersion: 'cpiab.dev/v1', kind: 'DashboardList' },
        dashboards: [],
      }),
      data: async () => null,
    },
    evidence: async (): Promise<Evidence> => {
      const { checkpoint, seal } = await audit.read(audit.size);
      const fingerprint = identity.fingerprint;
      const own = { size: audit.size, checkpoint, seal };
      return { apiVersion: 'cpiab.dev/v1', kind: 'Evidence', bundle: null, fingerprint, audit: own };
    },
    audit: () => audit,
    inventory: () => board.peek('discovery')?.document(),
    counters: board.counters,
    joinFile: () => undefined,
    signIns: new SignIns(),
    files: await SiteFiles.read(consoleFiles),
    install: new InstallDesk({ question: () => board.peek('question'), audit: () => audit }),
    kubernetes: new KubernetesDesk({ kube: () => board.peek('kube'), audit: () => audit }),
    passphrase: new PassphraseDesk({
      encryption: () => report.snapshot().box.encryption,
      audit: () => audit,
      change: changePassphrase,
    }),
    decryption: new DecryptionDesk(board),
    postcheck: new PostcheckDesk(board),
    stage: new StageDesk(board),
    enroll: enrollHttp(board, stop.signal),
    expand: new ExpandHttp({ expander: () => board.peek('expander'), kube: () => board.peek('kube') }),
    readers: readersOf(board),
    svid: svidHttp(board, enroll.wall ?? Date.now, stop.signal),
    update: new UpdateHttp({ updater, audit: () => audit, signal: stop.signal }),
    ...documents,
  };
  const desk = new SupportDesk({ ...sources, kube: () => undefined }, () => seal);
  const parts: ApiParts = { ...sources, support: desk };
  const server = httpsServer(
    identity,
    operator.ca,
    (incoming, outgoing) => {
      route(parts, incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
    },
    upgrades(parts, () => {}),
  );
  live.watch(server, (key) => parts.enroll.refuses(key));
  await listen(server, 0, '127.0.0.1', stop.signal);
  const { port } = server.address() as AddressInfo;
  const files = {
    ca: join(directory, 'ca.pem'),
    certificate: join(directory, 'operator.crt'),
    key: join(directory, 'operator.key'),
  };
  await writeFile(files.ca, identity.certificate);
  await writeFile(files.certificate, operator.certificate);
  await writeFile(files.key, operator.key);
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    directory,
    identity,
    operator,
    report,
    audit,
    board,
    reboots: () => reboots,
    files,
    connections: promisify(server.getConnections.bind(server)),
    close: async () => {
      stop.abort();
      await closed(server);
      // Who was cut off in a request may still write what it did.
      if (given === undefined) await removeTree(directory);
    },
  };
}

/** Ends a server and every connection it still has. */
export async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** A Git repository with one commit on `main`, and a git bundle of it. */
export async function sourceRepository(directory: string, files: Record<string, string>) {
  const work = join(directory, 'work');
  const name = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  const git = async (args: string[], env: Record<string, string> = {}) =>
    (await run(['git', '-C', work, ...name, ...args], { env })).stdout;
  await run(['git', 'init', '--quiet', '--initial-branch=main', work]);
  for (const [name, text] of Object.entries(files)) {
    await run(['mkdir', '-p', join(work, name, '..')]);
    await writeFile(join(work, name), text);
  }
  await git(['add', '--all']);
  await git(['commit', '--quiet', '--message', 'first']);
  const bundle = join(directory, 'site.bundle');
  await git(['bundle', 'create', '--quiet', bundle, 'main']);
  return { work, bundle, git, head: (await git(['rev-parse', 'HEAD'])).trim() };
}
