import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { parseConsoleLine } from '../../contract/console.ts';
import { gatewayOf, lengthOf } from '../../contract/drill/network.ts';
import { seed as seeds } from '../../contract/seed.ts';
import { CONSOLE_LOG } from '../../host/box-record.ts';
import { run } from '../../host/process.ts';
import { detectAccelerator } from '../../host/qemu/accelerator.ts';
import { qemuArguments } from '../../host/qemu/arguments.ts';
import { Daemon } from '../netns/daemon.ts';
import { TAP } from '../netns/network.ts';
import { waitFor } from '../wait.ts';
import type { PlacedHost, World } from '../world.ts';

const QEMU = '/usr/bin/qemu-system-x86_64';
/** MiB. */
const MEMORY = 4096;
const DISK = '16G';
/** Until an emulated machine answers. */
export const FIRST_SECONDS = 1800;

/** A host of a bank that starts from the medium, with a disk of its own. It outlives the drill's process. */
export class VirtualMachine {
  readonly #world: World;
  readonly #host: PlacedHost;
  readonly #daemon: Daemon;

  constructor(world: World, host: PlacedHost) {
    this.#world = world;
    this.#host = host;
    this.#daemon = new Daemon(world, host);
  }

  /** Whether it was switched on, and not off again. */
  async isOn(): Promise<boolean> {
    return await this.#daemon.isWanted();
  }

  /** Unless it is on. @param medium an ISO. @param own more of its seed. */
  async switchOn(medium: string, own: object, signal: AbortSignal): Promise<void> {
    const directory = this.#world.directory(this.#host);
    await mkdir(directory, { recursive: true });
    const disk = join(directory, 'disk.raw');
    await run(['truncate', `--size=>${DISK}`, disk]);
    const [, ...argv] = qemuArguments({
      accelerator: await detectAccelerator(signal),
      ...{ firmware: 'bios', firmwareVariables: '', memory: MEMORY, cpus: 2, disk },
      medium: { path: medium, format: 'iso', keep: false },
      tap: { name: TAP, mac: this.#mac },
      ...{ apiPort: 0, guestApiPort: 0, serialLog: this.console },
      firmwareTexts: { [seeds.firmwareKey]: this.#seed(own) },
    });
    await this.#daemon.start([QEMU, ...argv]);
  }

  /** Its power is cut, and its disk is gone. */
  async scrap(): Promise<void> {
    await this.#daemon.stop(QEMU, 'KILL');
    await rm(this.#world.directory(this.#host), { recursive: true, force: true });
  }

  /** SHA-256 of its key, once it shows it. */
  async fingerprint(signal: AbortSignal): Promise<string> {
    const wait = { seconds: FIRST_SECONDS, what: `${this.#host.name} does not start`, signal };
    return await waitFor(async () => {
      const text = await readFile(this.console, 'utf8').catch(() => '');
      const reports = text.split(/\r?\n/).map(parseConsoleLine);
      return reports.findLast((report) => report?.fingerprint)?.fingerprint ?? null;
    }, wait);
  }

  /** Log of its serial console. */
  get console(): string {
    return join(this.#world.directory(this.#host), CONSOLE_LOG);
  }

  #seed(own: object): string {
    const { network } = this.#world.scenario.banks[this.#host.bank];
    const place = {
      interface: { mac: this.#mac },
      addresses: [`${this.#host.address}/${lengthOf(network)}`],
      gateway: gatewayOf(network),
    };
    return stringify({ apiVersion: 'cpiab.dev/v1', kind: 'Seed', network: place, ...own });
  }

  /** Locally administered, with its address in it. */
  get #mac(): string {
    const octets = this.#host.address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
    return ['52', '54', ...octets].join(':');
  }
}
