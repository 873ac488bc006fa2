import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import type { BankName } from '../../contract/drill/scenario.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { type PipedProcess, startPiped } from '../../host/piped-process.ts';
import { userIds } from '../database/database.ts';
import type { BoxConfig } from '../programs/box.ts';
import type { PlacedHost, World } from '../world.ts';
import { clockOf } from './clock.ts';
import { inside } from './command.ts';
import { Daemon } from './daemon.ts';

const SCRIPT = join(import.meta.dirname, '..', 'inside.ts');
/** Who has no rights on this machine. */
const NOBODY = 'nobody';

/** Starts one of the drill's own programs on a host, without the rights of root. */
export async function startProgram(world: World, host: PlacedHost, config: object): Promise<void> {
  const path = await writeConfig(world, host, host.runs, config);
  await giveToNobody(world.directory(host));
  await new Daemon(world, host).start([process.execPath, SCRIPT, host.runs, path, NOBODY]);
}

/** Starts a box on a host. @param name tells it from the bank's own. */
export async function startBox(
  world: World,
  host: PlacedHost,
  name: string,
  config: BoxConfig,
): Promise<void> {
  const path = await writeConfig(world, host, name, config);
  const env = clockOf(world, host.bank);
  await new Daemon(world, host, name).start([process.execPath, SCRIPT, 'box', path], { env });
}

export async function stopProgram(world: World, host: PlacedHost, name: string = host.runs): Promise<void> {
  await new Daemon(world, host, name).stop(process.execPath);
}

async function writeConfig(world: World, host: PlacedHost, name: string, config: object): Promise<string> {
  const path = join(await ensureDirectory(world.directory(host)), `${name}.json`);
  await writeAtomic(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

/** Runs one of them to its end. @returns what it says. @throws ProcessError with what it said. */
export async function askProgram<Answer>(
  world: World,
  host: PlacedHost,
  program: 'member' | 'survey',
  config: object,
): Promise<Answer> {
  const path = await writeConfig(world, host, program, config);
  const argv = [process.execPath, SCRIPT, program, path];
  const options = { env: clockOf(world, host.bank), timeoutMs: 600_000 };
  return JSON.parse(await inside(world.namespace(host), argv, options)) as Answer;
}

/** One of them that answers lines with lines, for as long as this process has it. */
export function conversation(world: World, bank: BankName, program: 'operator'): PipedProcess {
  const argv = ['ip', 'netns', 'exec', world.operators(bank), process.execPath, SCRIPT, program];
  return startPiped(argv, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...clockOf(world, bank) },
  });
}

export async function giveToNobody(path: string): Promise<void> {
  const { uid, gid } = await userIds(NOBODY);
  await chown(path, uid, gid);
}
