import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keysDirectory } from '../../../builder/bundle/keys.ts';
import type { BootReport } from '../../../cli/box/boot.ts';
import { dirtyOption } from '../../../cli/testing/dirty.ts';
import {
  type BoxStatus,
  BoxStatusSchema,
  type KustomizationList,
  KustomizationListSchema,
} from '../../../contract/status.ts';
import { getPinned, PinMismatch } from '../../../host/pinned-https.ts';
import { run } from '../../../host/process.ts';

const repository = resolve(import.meta.dirname, '../../..');

/** A box that is emulated beside other work may take long to answer. */
const ANSWER_MS = 60_000;

/** It is asked again for so long. */
const PATIENCE_MS = 5 * 60_000;

/** What it answers while its API server is too slow, or not there yet: whoever asks may ask again. */
const busy = new Set([502, 503]);

/** The command line of `cpiab`, as its launcher makes it. */
const commandLine = (args: string[]) => [process.execPath, join(repository, 'cli', 'main.ts'), ...args];

/** Runs `cpiab` as a user would; gives what it prints. */
export async function cpiab(...args: string[]): Promise<string> {
  const { stdout } = await run(commandLine(args), {
    cwd: repository,
    onLine: (line, stream) => stream === 'stderr' && process.stderr.write(`${line}\n`),
  });
  return stdout;
}

/** Builds a site, as it is in the work tree. @returns path of `dist/<site>`. */
export async function buildLab(site = 'lab'): Promise<string> {
  await cpiab('build', site, '--json', ...(await dirtyOption(repository)));
  return join(repository, 'dist', site);
}

/** Builds it once more into another directory, by a umask and a time zone that nobody has. */
export async function buildLabElsewhere(out: string, ...options: string[]): Promise<void> {
  const flags = [...options, ...(await dirtyOption(repository))];
  const argv = commandLine(['build', 'lab', '--out', out, ...flags]);
  const env = { TZ: 'Pacific/Chatham' };
  await run(['sh', '-c', 'umask 077; exec "$@"', 'sh', ...argv], { cwd: repository, env });
}

/** A box that has converged, and what a client needs to work with it. */
export interface LabBox {
  report: BootReport;
  status: BoxStatus;
  /** `https://127.0.0.1:<port>`, without a slash at the end. */
  url: string;
  /** Files for a client that trusts the box and pushes as the operator. */
  files: { ca: string; certificate: string; key: string };
  ask: {
    status(): Promise<BoxStatus>;
    kustomizations(): Promise<KustomizationList>;
  };
  /** Ends it as a power cut would. */
  cut(): Promise<void>;
}

/** What a machine that runs on answers to. */
function running(report: BootReport) {
  const get = async (path: string, until = Date.now() + PATIENCE_MS): Promise<string> => {
    const url = new URL(path, report.url);
    const answer = await getPinned(url, report.fingerprint, ANSWER_MS).catch((error: unknown) => {
      if (error instanceof PinMismatch || Date.now() > until) throw error;
      return null;
    });
    if (answer !== null && !busy.has(answer.status)) return answer.body.toString();
    await sleep(1000);
    return await get(path, until);
  };
  const status = async () => BoxStatusSchema.parse(JSON.parse(await get('/v1/status')));
  return { get, status, cut: () => cut(report) };
}

async function boot(medium: string, ...args: string[]): Promise<BootReport> {
  const options = ['--timeout', '2400', '--keep', '--json'];
  return JSON.parse(await cpiab('boot', medium, ...options, ...args)) as BootReport;
}

/** Boots a medium until it serves. */
export async function startLab(medium: string, ...args: string[]) {
  const report = await boot(medium, ...args);
  const { get, status, cut } = running(report);
  return { report, address: `${report.url}#${report.fingerprint}`, get, status, cut };
}
export type StartedBox = Awaited<ReturnType<typeof startLab>>;

/** Ends QEMU and waits until it is gone, and with it its lock on the disk. */
async function cut({ pid }: BootReport): Promise<void> {
  if (pid === null) return;
  process.kill(pid, 'SIGKILL');
  while (existsSync(`/proc/${pid}/exe`)) await sleep(50);
}

/** Boots a medium until it has converged. */
export async function bootLab(medium: string, ...args: string[]): Promise<LabBox> {
  const report = await boot(medium, '--wait', 'converged', ...args);
  const { get, status, cut } = running(report);
  const directory = await mkdtemp(join(tmpdir(), 'cpiab-lab-'));
  const files = {
    ca: join(directory, 'ca.pem'),
    certificate: join(keysDirectory('lab'), 'operator.crt'),
    key: join(keysDirectory('lab'), 'operator.key'),
  };
  await writeFile(files.ca, await get('/v1/ca.pem'));
  return {
    report,
    status: await status(),
    url: new URL(report.url).origin,
    files,
    ask: {
      status,
      kustomizations: async () => KustomizationListSchema.parse(JSON.parse(await get('/v1/kustomizations'))),
    },
    cut,
  };
}
