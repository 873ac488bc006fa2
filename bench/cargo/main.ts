import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { tarStream } from '../../agent/backup/tar.ts';
import { encodePublicKey, generateSiteKey } from '../../builder/bundle/minisign.ts';
import { cargoArchive, openContent } from '../../builder/cargo/content.ts';
import { openCargo } from '../../builder/cargo/open.ts';
import { SenderRecord } from '../../builder/cargo/sender.ts';
import { writeCargo } from '../../builder/cargo/write.ts';
import { stateVersion } from '../../contract/backup.ts';
import type { CargoReceiver } from '../../contract/cargo.ts';
import { formatBytes } from '../../contract/units.ts';
import { makeIdentity } from '../../host/age/keys.ts';
import { type BackupHead, packBackup, readUnhashed } from '../../host/backup/archive.ts';
import { startPiped } from '../../host/piped-process.ts';
import { run } from '../../host/process.ts';
import { QUIET_SHARE } from '../enroll/other-work.ts';
import { type Spent, timed } from './spent.ts';

// As the launcher has it: a thread begins with what was compiled before.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'cpiab-bench-compiled');

/** What the box gives tar: owners by number, holes, extended attributes and access lists. */
const TAR = "tar --format=pax --sparse --sort=name --numeric-owner --xattrs '--xattrs-include=*' --acls";
const MEGABYTES = Number(process.argv[2] ?? 512);
const RUNS = Number(process.argv[3] ?? 3);
const { signal } = new AbortController();
const { identity, recipient, secret } = makeIdentity();
const receiver: CargoReceiver = { boxId: 'b', fingerprint: 'b'.repeat(64), recipient };
const key = generateSiteKey();
const head: BackupHead = {
  ...{ stateVersion, site: 'lab', boxId: 'a', fingerprint: 'a'.repeat(64), gitHead: '1'.repeat(40) },
  engine: { kind: 'kubeadm', version: 'v1.36.3' },
  bundle: { sequence: 1, revision: 'x' },
  created: new Date(0).toISOString(),
  contents: 'cargo',
};

/** What people type, and the same at the level of Zstandard that a cargo has. Options of zstd, by name. */
const BASELINES = { 'tar | zstd | age': '-3', 'tar | zstd -1 | age': '-1' } as const;
const OURS = 'cargo';
const NAMES = [OURS, ...Object.keys(BASELINES)];

/**
 * A volume of files, half of it random and half text, sealed and unpacked again, against `tar | zstd | age` and back, at
 * zstd's usual level and at the cargo's, with the box's options of tar, in the same run; then sealed once more after a
 * change of 1 %. Arguments: megabytes, 512 unless told, and how often, 3; medians and their ratios are printed.
 */
async function main(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'cpiab-bench-'));
  const at = (...names: string[]) => join(scratch, ...names);
  try {
    await fill(at('data', 'volumes'));
    await writeFile(at('key'), `${secret}\n`);
    const contestants = contestantsIn(at);
    const sealing: Round[] = [];
    const landing: Round[] = [];
    for (let round = 0; round < RUNS; round++) {
      await rm(at('cargo'), { recursive: true, force: true });
      await rm(at('out'), { recursive: true, force: true });
      for (const name of NAMES) await mkdir(at('out', name), { recursive: true });
      sealing.push(await inTurns(round, contestants, 'seal'));
      landing.push(await inTurns(round, contestants, 'land'));
    }
    await run(['diff', '-r', at('data'), at('out', OURS)]);
    for (const [name, { size }] of Object.entries(contestants)) say(`${name}: ${formatBytes(await size())}`);
    speed('seal', sealing);
    speed('land', landing);
    for (const [how, change] of Object.entries(changes)) {
      await change(at('data', 'volumes'));
      const { total, fresh } = await seal(at);
      say(
        `sealed again after 1 % changed ${how}: ${formatBytes(fresh)} new, ${((100 * fresh) / total).toFixed(1)} % of the cargo`,
      );
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Contestant {
  seal: () => Promise<void>;
  land: () => Promise<void>;
  /** Bytes of what it has sealed. */
  size: () => Promise<number>;
}

function contestantsIn(at: At): Record<string, Contestant> {
  let total = 0;
  const sealOurs = async () => {
    ({ total } = await seal(at));
  };
  const ours = { seal: sealOurs, land: () => unpack(at), size: async () => total };
  const others = Object.entries(BASELINES).map(([name, level]) => [name, piped(at, name, level)] as const);
  return { [OURS]: ours, ...Object.fromEntries(others) };
}

function piped(at: At, name: string, level: string): Contestant {
  const file = at(`sealed${level}.age`);
  const pack = `${TAR} -C ${at('data')} -c volumes | zstd -q ${level} | age -r ${recipient} > ${file}; sync -f ${file}`;
  const back = `age -d -i ${at('key')} ${file} | zstd -dq | tar -C '${at('out', name)}' -x`;
  return { seal: () => shell(pack), land: () => shell(back), size: async () => (await stat(file)).size };
}

/** A change stays: each comes on top of those before. */
const changes: Record<string, (directory: string) => Promise<void>> = {
  'in whole files': async (directory) => {
    const names = await readdir(directory);
    const count = Math.max(1, Math.round(names.length / 100));
    for (const name of names.slice(0, count)) await writeFile(join(directory, name), await mixed(1 << 20));
  },
  'by bytes put into one file': async (directory) => {
    const path = join(directory, 'f0007');
    await shell(
      `head -c ${Math.round(MEGABYTES * 10_000)} /dev/urandom | cat - ${path} > ${path}.new && mv ${path}.new ${path}`,
    );
  },
  'in pages of 4 KiB anywhere': async (directory) => {
    const names = await readdir(directory);
    for (let page = 0; page < (MEGABYTES * 10_000) / 4096; page++) {
      const file = await open(join(directory, names[randomInt(names.length)] ?? ''), 'r+');
      await file.write(randomBytes(4096), 0, 4096, 4096 * randomInt(250));
      await file.close();
    }
  },
};

async function fill(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (let index = 0; index < MEGABYTES; index++)
    await writeFile(join(directory, `f${String(index).padStart(4, '0')}`), await mixed(1 << 20));
}

/** Half random, half lines of a log. */
async function mixed(size: number): Promise<Buffer> {
  const lines: string[] = [];
  for (let length = 0; length < size / 2; length += 60)
    lines.push(
      `2026-11-22T10:00:00Z pod-${randomInt(1000)} served ${randomInt(1e9)} in ${randomInt(500)} ms\n`,
    );
  return Buffer.concat([randomBytes(size / 2), Buffer.from(lines.join(''))]);
}

type At = (...names: string[]) => string;

async function seal(at: At): Promise<{ total: number; fresh: number }> {
  async function* members() {
    for (const name of ['etcd.snapshot', 'git.bundle', 'engine.tar', 'box.tar'] as const)
      yield { name, content: Readable.from([]) };
    yield { name: 'volumes.tar' as const, content: tarStream(at('data'), ['volumes'], signal) };
  }
  const record = await SenderRecord.of(at('keys'), receiver);
  const request = { directory: at('cargo'), archive: packBackup(members(), head), receiver, record, key };
  const { manifest, written } = await writeCargo({ ...request, now: Date.now(), lifeMs: 3_600_000, signal });
  return { total: manifest.chunks.reduce((sum, chunk) => sum + chunk.size, 0), fresh: written.bytes };
}

/** What landing takes but for the way to the box: all is decrypted, held against the signature, and unpacked. */
async function unpack(at: At): Promise<void> {
  await writeFile(at('pub'), encodePublicKey(key));
  const content = await openContent(await openCargo(at('cargo'), at('pub')), [identity]);
  const tar = startPiped(['tar', '-C', at('out', OURS), '-x'], {
    signal,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  await readUnhashed(cargoArchive(content), async (name, part) => {
    if (name === 'volumes.tar') await new Promise((resolve) => tar.stdin.write(part, resolve));
  });
  tar.stdin.end();
  const { status, stderr } = await tar.ended;
  if (status !== 0) throw new Error(stderr);
}

/** What each took. */
type Round = Map<string, Spent>;

/** Another begins each time: what comes first finds other things in the caches. */
async function inTurns(
  round: number,
  contestants: Record<string, Contestant>,
  what: 'seal' | 'land',
): Promise<Round> {
  const spent: Round = new Map();
  for (const turn of NAMES.keys()) {
    const name = NAMES[(round + turn) % NAMES.length] ?? OURS;
    spent.set(name, await timed(async () => await contestants[name]?.[what]()));
  }
  return spent;
}

async function shell(script: string): Promise<void> {
  await run(['bash', '-c', `set -o pipefail; ${script}`], { env: { LC_ALL: 'C' } });
}

function speed(what: string, rounds: Round[]): void {
  const median = (value: (round: Round) => number) =>
    rounds.map(value).toSorted((a, b) => a - b)[rounds.length >> 1] ?? 0;
  for (const baseline of Object.keys(BASELINES))
    for (const [which, of] of Object.entries({ '': wall, ', per second of processor': processor })) {
      const rate = (name: string) =>
        `${Math.round((MEGABYTES * 1.048576) / (median((round) => of(round, name)) / 1000))} MB/s`;
      const ratio = median((round) => of(round, baseline) / of(round, OURS)).toFixed(2);
      say(`${what}${which}: ${rate(OURS)}, against ${rate(baseline)} of ${baseline}: ratio ${ratio}`);
    }
  const others = Math.max(...rounds.flatMap((round) => [...round.values()].map((spent) => spent.others)));
  if (others > QUIET_SHARE)
    say(`${what}: disturbed, others had up to ${Math.round(others * 100)} % of the processors meanwhile`);
}

const wall = (round: Round, name: string) => round.get(name)?.ms ?? Number.NaN;
const processor = (round: Round, name: string) => round.get(name)?.cpuMs ?? Number.NaN;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
