import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Evidence, ImageList, KustomizationList } from '../../contract/status.ts';
import { run } from '../../host/process.ts';
import type { Backups } from '../backup/backups.ts';
import type { Board } from '../board.ts';
import { DashboardDesk } from '../dashboards/desk.ts';
import { DecryptionDesk } from '../decrypt/desk.ts';
import { enrollHttp } from '../enroll/open.ts';
import { ExpandHttp } from '../expand/http.ts';
import type { JoinFileParts } from '../guest/join-file.ts';
import { listPods } from '../observe/holding.ts';
import { listImages } from '../observe/images.ts';
import { describeKustomizations, listKustomizations } from '../observe/kustomizations.ts';
import { changeInService, changePassphrase } from '../passphrase/change.ts';
import { PostcheckDesk } from '../postcheck/desk.ts';
import { revisionOf } from '../serve/artifacts/publisher.ts';
import { StageDesk } from '../stage/desk.ts';
import { svidHttp } from '../svid/open.ts';
import { UpdateHttp } from '../update/http.ts';
import type { ApiIdentity } from './identity.ts';
import { InstallDesk } from './install.ts';
import { KubernetesDesk } from './kubernetes/desk.ts';
import { PassphraseDesk } from './passphrase.ts';
import type { ReaderSources } from './readers.ts';
import type { ApiParts } from './router.ts';
import { SignIns } from './sign-ins.ts';
import { SiteFiles } from './site-files.ts';
import { SupportDesk } from './support.ts';

/** What the API answers with, taken from the board as the steps put it up. */
export async function apiParts(
  board: Board,
  backups: Backups,
  identity: ApiIdentity,
  signal: AbortSignal,
): Promise<ApiParts> {
  const sources = {
    report: board.report,
    counters: board.counters,
    kube: () => board.peek('kube'),
    backups: { of: backups, reboot: () => run(['systemctl', 'reboot']).then(() => {}) },
    certificate: identity.certificate,
    root: () => board.peek('authority')?.rootCertificate(),
    files: await SiteFiles.read(board.paths.console),
    signIns: new SignIns(),
    served: () => board.peek('served'),
    joinFile: () => joinFile(board, identity),
    kustomizations: () => kustomizations(board, signal),
    images: () => images(board, signal),
    evidence: () => evidence(board),
    dashboards: new DashboardDesk(board, signal),
    audit: () => board.peek('audit'),
    inventory: () => board.peek('discovery')?.document(),
    install: new InstallDesk({ question: () => board.peek('question'), audit: () => board.peek('audit') }),
    kubernetes: new KubernetesDesk({ kube: () => board.peek('kube'), audit: () => board.peek('audit') }),
    passphrase: passphraseDesk(board, signal),
    decryption: new DecryptionDesk(board),
    postcheck: new PostcheckDesk(board),
    stage: new StageDesk(board),
    enroll: enrollHttp(board, signal),
    expand: new ExpandHttp({ expander: () => board.peek('expander'), kube: () => board.peek('kube') }),
    readers: readersOf(board),
    svid: svidHttp(board, Date.now, signal),
    update: new UpdateHttp({
      updater: () => board.peek('updater'),
      audit: () => board.peek('audit'),
      signal,
    }),
  };
  const desk = new SupportDesk(sources, () => board.peek('seal'));
  return { ...sources, support: desk };
}

function passphraseDesk(board: Board, signal: AbortSignal): PassphraseDesk {
  const { run } = board.paths;
  return new PassphraseDesk({
    encryption: () => board.report.snapshot().box.encryption,
    audit: () => board.peek('audit'),
    change: async (change) => {
      await changePassphrase(change, changeInService(run), run, signal);
      await board.peek('recovery')?.forget(board.report);
    },
  });
}

export function readersOf(board: Board): ReaderSources {
  const { registry, git } = board.site;
  return {
    policies: { registry: registry.read, git: git.read },
    members: () => board.peek('enrollment'),
  };
}

function kustomizations(board: Board, signal: AbortSignal): Promise<KustomizationList> | undefined {
  const kube = board.peek('kube');
  const revision = revisionOf(board.report.snapshot().git.head ?? '');
  const hasKey = existsSync(board.paths.ageKey);
  return kube === undefined
    ? undefined
    : listKustomizations(kube, signal).then((items) => describeKustomizations(items, revision, hasKey));
}

function images(board: Board, signal: AbortSignal): Promise<ImageList> | undefined {
  const manifest = board.peek('manifest');
  if (manifest === undefined) return undefined;
  const kube = board.peek('kube');
  const pods = kube === undefined ? Promise.resolve(null) : listPods(kube, signal);
  return pods.then((found) => listImages(found, manifest));
}

/** What is served has been verified, every blob of it. */
function joinFile(board: Board, { fingerprint }: ApiIdentity): JoinFileParts | undefined {
  if (board.peek('served') === undefined) return undefined;
  const { digest } = board.get('signed');
  const { bundle, joinScript: script } = board.paths;
  return { script, bundle, manifest: board.get('manifest'), digest, fingerprint };
}

async function evidence(board: Board): Promise<Evidence> {
  const { fingerprint } = board.report.snapshot().box;
  const signed = board.peek('signed');
  const log = await board.peek('audit')?.read(Number.MAX_SAFE_INTEGER);
  const size = board.peek('audit')?.size ?? 0;
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'Evidence',
    bundle: signed === undefined ? null : await bundleEvidence(board, signed),
    fingerprint,
    audit: log === undefined ? null : { size, checkpoint: log.checkpoint, seal: log.seal },
  };
}

async function bundleEvidence(board: Board, { digest, key }: { digest: string; key: string }) {
  const { sequence, revision, blobs, expires } = board.get('manifest');
  const [, siteKey = ''] = (await readFile(board.paths.siteKey, 'utf8')).split('\n');
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  return { manifest: digest, key, siteKey, sequence, revision, expires, blobs: blobs.length, bytes };
}
