import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type PostcheckReport, PostcheckReportSchema } from '../../../contract/postcheck.ts';
import type { BoxStatus } from '../../../contract/status.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { inGuest } from '../../support/nas/guest.ts';
import { layWire } from '../support/tap.ts';
import { startMachine } from '../support/two-machines.ts';
import { watch } from '../support/watch.ts';

const path = freshDirectory();
const repository = resolve(import.meta.dirname, '../../..');
const rehearsal = () => path('rehearsal');
const LIMIT_MS = 60 * 60_000;
/** Each question costs an emulated box some of the time that it converges in. */
const POLL_MS = 10_000;
const MEMORY_MB = 10_240;

/** Runs `cpiab` in the repository that was rehearsed, with the keys that were made there. */
async function cpiab(...args: string[]): Promise<string> {
  const own = join(rehearsal(), 'repository');
  const env = { XDG_CONFIG_HOME: join(rehearsal(), 'config') };
  return (await run([process.execPath, join(own, 'cli/main.ts'), ...args], { cwd: own, env })).stdout;
}

/** What only the apps themselves can answer, and no stand-in. */
const ofTheApps = ['login/anonymous', 'login/discovery', 'observability/targets', 'apps/wiring'];

const hasConverged = ({ phase }: BoxStatus) => phase === 'ready';

async function postcheck(at: string): Promise<PostcheckReport> {
  const told = await cpiab('postcheck', '--box', at, '--json').catch((error: unknown) => {
    if (error instanceof ProcessError && error.stdout !== '') return error.stdout;
    throw error;
  });
  return PostcheckReportSchema.parse(JSON.parse(told));
}

/** Starts a NAS that has what `synology/` says. @returns its end of the wire to it. */
async function startNas(
  apps: string,
  segment: { mac: string; ownPort: number; otherPort: number },
): Promise<void> {
  const own = new AbortController();
  const server = await readFile(join(repository, 'test/support/nas/server.sh'), 'utf8');
  const files = ['synology/exports', 'synology/folders.sh', 'test/support/nas/nas.sh'];
  const serving = Promise.withResolvers<void>();
  const guest = inGuest({
    script: `APPS='${apps}'\n${server}`,
    files: files.map((file) => join(repository, file)),
    scratch: path('nas'),
    segment,
    signal: own.signal,
    onLine: (line) => line === 'serving' && serving.resolve(),
  });
  onTestFinished(async () => {
    own.abort();
    await guest.catch(() => {});
  });
  await Promise.race([serving.promise, guest.then(() => Promise.reject(new Error('the NAS ended')))]);
}

test('homelab, whose published images stand in: locked, built, booted beside its NAS, converged and checked', async () => {
  const script = join(repository, 'test/rehearsal/main.ts');
  await run([process.execPath, script, '--out', rehearsal()], { maxOutput: 16 << 20 });
  const tap = await layWire({ network: '10.42.0.0', prefix: 16 }, [await freePort(), await freePort()]);
  onTestFinished(() => tap.cut());
  const [[ownPort, otherPort], boxPorts] = tap.ends;
  await startNas('bazarr grafana jellyfin prowlarr radarr seerr sonarr syncthing uptime-kuma', {
    ...{ mac: '52:54:00:00:00:14', ownPort, otherPort },
  });
  const box = await startMachine(join(rehearsal(), 'repository/dist/homelab/cpiab-homelab.iso'), path, {
    ...{ name: 'homelab', mac: '52:54:00:00:00:0a', address: '192.168.1.10' },
    ...{ ports: boxPorts, onDisk: false, memory: MEMORY_MB },
  });
  const at = `${box.box.url}#${box.fingerprint}`;
  const waitsForKey = ({ flux }: BoxStatus) =>
    flux.blocking.some(({ reason }) => reason.includes('cpiab secrets unlock'));
  await watch(box.status, waitsForKey, LIMIT_MS, POLL_MS);
  await cpiab('secrets', 'unlock', at);
  const { status } = await watch(box.status, hasConverged, LIMIT_MS, POLL_MS);
  const { flux, memory, marks } = status;
  process.stderr.write(
    `${flux.ready} of ${flux.total} ready, memory ${JSON.stringify(memory)}, ${JSON.stringify(marks)}\n`,
  );
  const report = await postcheck(at);
  for (const { id, result, evidence } of report.checks)
    process.stderr.write(`${result} ${id}: ${evidence}\n`);
  const wrong = report.checks.filter(({ result }) => result === 'fail' || result === 'unknown');
  expect(wrong.filter(({ id }) => !ofTheApps.includes(id))).toEqual([]);
});
