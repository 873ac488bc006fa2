import { join } from 'node:path';
import type { BankName } from '../../contract/drill/scenario.ts';
import { BoxStatusSchema } from '../../contract/status.ts';
import type { BoxName, BoxPlace } from '../boxes.ts';
import { waitFor } from '../wait.ts';
import { type Asking, boxOption, cpiabIn } from './command.ts';
import { FIRST_SECONDS, VirtualMachine } from './machine.ts';

/** In both banks: a cluster stays with the name of its node. */
const HOSTNAME = 'harbour';

/** What boxes and nodes of a drill start from, as `cpiab build` leaves it. */
export const mediumOf = (repository: string, site: string): string =>
  join(repository, 'dist', site, `cpiab-${site}.iso`);

/** A box that has started from the medium in a virtual machine. */
export class VirtualBox implements BoxPlace {
  readonly #drill: Asking;
  readonly #bank: BankName;
  readonly #machine: VirtualMachine;

  constructor(drill: Asking, bank: BankName) {
    this.#drill = drill;
    this.#bank = bank;
    this.#machine = new VirtualMachine(drill.world, drill.world.host(bank, 'box'));
  }

  async named(): Promise<BoxName> {
    const { signal } = this.#drill;
    const fingerprint = await this.#machine.fingerprint(signal);
    const at = boxOption(this.#drill, this.#bank, fingerprint);
    const wait = { seconds: FIRST_SECONDS, what: `bank ${this.#bank}'s box does not answer`, signal };
    const { box } = await waitFor(
      async () => BoxStatusSchema.parse(await cpiabIn(this.#drill, this.#bank, 'status', ...at)),
      wait,
    );
    return { boxId: box.id, fingerprint };
  }

  /** Its medium brings its Git. */
  async start(): Promise<void> {
    const { world, repository, signal } = this.#drill;
    await this.#machine.switchOn(mediumOf(repository, world.scenario.site), { hostname: HOSTNAME }, signal);
  }

  async stop(): Promise<void> {
    await this.#machine.scrap();
  }
}
