import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInvitation, requireInvitation } from '../../contract/invitation.ts';
import { box as layout, ports } from '../../contract/layout.ts';
import { writeAtomic } from '../../host/files.ts';
import { jsonOrNull } from '../../host/json.ts';
import { ProcessError } from '../../host/process.ts';
import type { BankBox } from '../boxes.ts';
import type { Drill } from '../drill.ts';
import { askProgram, startBox, stopProgram } from '../netns/programs.ts';
import { waitFor } from '../wait.ts';
import type { PlacedHost } from '../world.ts';

const START_SECONDS = 120;
/** Longest time that a machine goes on asking a box that refuses it. */
const TIMEOUT_MS = 120_000;

/** What strangers tried while machines joined, and what they were told. */
export type Intrusions = Partial<Record<'stolen-invitation' | 'rogue-box', string>>;

/** Those that a scenario wants. What has come out is kept, as a step may be begun again. */
export class Intruders {
  readonly #drill: Drill;
  readonly #wanted: ReadonlySet<string>;

  constructor(drill: Drill) {
    this.#drill = drill;
    this.#wanted = new Set(drill.scenario.faults.map(({ fault }) => fault));
  }

  async found(): Promise<Intrusions> {
    return (jsonOrNull(await readFile(this.#path, 'utf8').catch(() => '')) ?? {}) as Intrusions;
  }

  /** Before a machine joins: it is sent to a stranger that announces itself as a box, and pins the key of its own bank's. */
  async before(box: BankBox, host: PlacedHost): Promise<void> {
    if (!(await this.#wants('rogue-box'))) return;
    const { world, repository } = this.#drill;
    const stranger = world.host('b', 'dns');
    const directory = join(world.directory(stranger), 'rogue');
    await startBox(world, stranger, 'rogue', {
      ...{ repository, directory, site: world.scenario.site, id: randomUUID(), gitBundle: null },
      operatorCa: join(world.secrets, 'a-operator-ca.crt'),
    });
    const name = `${host.bank}-${host.name}`;
    const honest = requireInvitation(await box.invite(name), 'the drill');
    const invitation = formatInvitation({ ...honest, box: `${stranger.address}:${ports.api}` });
    const asked = { directory: 'misled', name };
    const refusal = await waitFor(
      async () => {
        const said = await this.#refusal(host, invitation, asked);
        // It does not answer yet.
        return said.startsWith('CPIAB-E5004') ? null : said;
      },
      { seconds: START_SECONDS, what: 'the stranger does not answer', signal: this.#drill.signal },
    );
    const heard = await readFile(join(directory, layout.audit, 'log'), 'utf8');
    if (heard.includes('"enroll"')) throw new Error('a stranger was sent a request to join');
    await stopProgram(world, stranger, 'rogue');
    await this.#keep('rogue-box', refusal);
  }

  /** After a machine has joined: another one comes with its invitation, by its name. */
  async after(invitation: string, { bank, name }: PlacedHost): Promise<void> {
    if (!(await this.#wants('stolen-invitation'))) return;
    const thief = this.#drill.world.host('b', 'dns');
    const asked = { directory: 'thief', name: `${bank}-${name}` };
    await this.#keep('stolen-invitation', await this.#refusal(thief, invitation, asked));
  }

  /** @returns what was said. @throws Error when the machine was let in. */
  async #refusal(
    host: PlacedHost,
    invitation: string,
    { directory, name }: { directory: string; name: string },
  ): Promise<string> {
    const { world } = this.#drill;
    const config = {
      directory: join(world.directory(host), directory),
      name,
      invitation,
      timeoutMs: TIMEOUT_MS,
    };
    const said = await askProgram(world, host, 'member', config).then(
      () => null,
      (error: unknown) => {
        if (error instanceof ProcessError) return error.stderr;
        throw error;
      },
    );
    const [refusal] = /^CPIAB-E\d{4} .*$/m.exec(said ?? '') ?? [];
    if (refusal === undefined) throw new Error(`it was not refused: ${said ?? 'it was let in'}`);
    return refusal;
  }

  async #wants(kind: keyof Intrusions): Promise<boolean> {
    return this.#wanted.has(kind) && (await this.found())[kind] === undefined;
  }

  async #keep(kind: keyof Intrusions, said: string): Promise<void> {
    await writeAtomic(this.#path, JSON.stringify({ ...(await this.found()), [kind]: said }));
  }

  get #path(): string {
    return join(this.#drill.world.work, 'intruders.json');
  }
}
