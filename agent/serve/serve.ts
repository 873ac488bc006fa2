import { get } from 'node:http';
import { join } from 'node:path';
import { ports, units } from '../../contract/layout.ts';
import { run } from '../../host/process.ts';
import { carriedBy } from '../../policy/closed/carried-by.ts';
import { RegistryProxy } from '../api/registry-proxy.ts';
import { listen } from '../api/server.ts';
import type { Board } from '../board.ts';
import { Release } from '../flux/release.ts';
import { journal } from '../report/journal.ts';
import type { StepContext } from '../step.ts';
import { until } from '../until.ts';
import { Publisher } from './artifacts/publisher.ts';
import { artifactServer } from './artifacts/server.ts';
import { followBundle } from './git/follow-bundle.ts';
import { Gate } from './git/gate.ts';
import { GitHttp } from './git/http.ts';
import { pullAlways } from './git/pull/loop.ts';
import { PushRecord } from './git/push-record.ts';
import { openRepository } from './git/repository.ts';

const REGISTRY_TIMEOUT_MS = 120_000;

/** Begins as soon as the manifest's signature is good: starts the registry, and makes the repository once its blob is. */
export async function startServices(board: Board, signal: AbortSignal): Promise<void> {
  if (board.peek('git') !== undefined) return;
  const manifest = await board.when('manifest');
  const blobs = await board.when('blobs');
  await run(['systemctl', 'start', '--no-block', units.registry], { signal });
  const blob = manifest.blobs.find(({ role }) => role === 'git');
  if (blob === undefined) throw new Error('the bundle has no Git repository');
  await blobs.verified(blob.digest);
  const { paths, site } = board;
  const gitBundle = join(paths.bundle, 'blobs', blob.digest.replace(':', '/'));
  const repository = await openRepository(join(paths.git, `${site.name}.git`), gitBundle, signal);
  await followBundle(repository.path, gitBundle, signal);
  const { nodeAddress } = site.network;
  const publisher = new Publisher(repository, paths.artifacts, `http://${nodeAddress}:${ports.artifacts}`);
  await publisher.publish(await repository.head(signal), signal);
  await listen(artifactServer(paths.artifacts), ports.artifacts, nodeAddress, signal);
  board.put('release', new Release(repository, publisher, board.report));
  board.put('git', repository);
}

/** All that the cluster, and people, read from the box. */
export async function serve(board: Board, { signal, progress }: StepContext): Promise<string> {
  progress('waiting for the registry');
  await registryAnswers(ports.registry, signal);
  const head = await board.get('git').head(signal);
  board.report.observe({ git: { head: head.id, applied: null } });
  const { site, paths } = board;
  const gate = new Gate({
    repository: board.get('git'),
    site,
    carried: carriedBy(board.get('manifest')),
    publish: () => board.get('release').publishPush(signal),
    settle: () => board.get('release').settle(signal),
    log: (line) => journal('info', JSON.parse(line) as Record<string, unknown>),
  });
  const pushes = new PushRecord(board.get('git'), () => board.peek('audit'), board.counters);
  const git = new GitHttp({ root: paths.git, name: `${site.name}.git`, hooks: paths.gitHooks, gate, pushes });
  board.put('served', { git, registry: new RegistryProxy(ports.registry) });
  pullAlways(board, signal).catch((error: unknown) => signal.aborted || board.abandon(error));
  const images = Object.keys(board.get('manifest').images).length;
  return `${images} images, Git at ${head.id.slice(0, 12)}`;
}

/** Waits until the registry answers `GET /v2/` (OCI Distribution Specification 1.1, end-1). */
async function registryAnswers(port: number, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(REGISTRY_TIMEOUT_MS);
  await until(async () => {
    if (deadline.aborted) throw new Error(`${units.registry} does not answer`);
    return (await statusOf(`http://127.0.0.1:${port}/v2/`)) === 200;
  }, signal);
}

/** Status of a GET, null without an answer. */
function statusOf(url: string): Promise<number | null> {
  return new Promise((resolve) => {
    const asked = get(url, { timeout: 5000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? null);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(null));
  });
}
