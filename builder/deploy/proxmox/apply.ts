import { z } from 'zod';
import { CpiabError } from '../../../contract/errors.ts';
import { type ProgressSink, tracked } from '../../../contract/progress.ts';
import type { ProxmoxCall, ProxmoxCallName, ProxmoxPlan } from '../../../contract/proxmox.ts';
import { formatBytes } from '../../../contract/units.ts';
import type { ProxmoxClient } from './client.ts';
import { digestIn } from './plan.ts';

export interface DeployHost {
  client: ProxmoxClient;
  /** Path of the medium. */
  medium: string;
  progress: ProgressSink;
  /** Waits between two looks at a machine that is being made. */
  pause: (signal: AbortSignal) => Promise<unknown>;
  signal: AbortSignal;
}

/** What was done; what was found done already is not in it. */
export interface Deployed {
  done: ProxmoxCallName[];
}

/** Looks at a machine that another run is making, before it is called locked. */
const LOOKS = 300;

const StorageSchema = z.looseObject({
  content: z.string(),
  avail: z.coerce.number().optional(),
  // The API's booleans are numbers.
  active: z.coerce.boolean().optional(),
});
const ContentSchema = z.array(z.looseObject({ volid: z.string(), size: z.coerce.number().optional() }));
const ConfigSchema = z.looseObject({
  description: z.string().optional(),
  lock: z.string().optional(),
  scsi0: z.string().optional(),
});
type Config = z.infer<typeof ConfigSchema>;

/**
 * Makes the calls of a plan that are not done yet. All of its state is the server's, so it may be stopped at any
 * time and run again. A machine that this plan did not make is never changed.
 * @throws CpiabError E5201…E5213.
 */
export async function applyProxmox(plan: ProxmoxPlan, host: DeployHost): Promise<Deployed> {
  const run = new Run(plan, host);
  const step = <Result>(id: string, title: string, work: () => Promise<Result>) =>
    tracked(host.progress, { id, title }, work);
  const found = await step('check', `check ${plan.node}`, () => run.check());
  if (found === null) {
    await step('upload', `upload ${plan.medium.name}`, () => run.upload());
    await step('create', `create machine ${plan.vmid}`, () => run.create());
  }
  await step('start', `start machine ${plan.vmid}`, () => run.start());
  return { done: run.done };
}

class Run {
  readonly done: ProxmoxCallName[] = [];
  readonly #plan: ProxmoxPlan;
  readonly #host: DeployHost;

  constructor(plan: ProxmoxPlan, host: DeployHost) {
    this.#plan = plan;
    this.#host = host;
  }

  /** Whatever would stop a later call is found before the first one that changes something. */
  async check(): Promise<Config | null> {
    const { server, medium, disk } = this.#plan;
    const { version } = await this.#ask('version', z.looseObject({ version: z.string() }));
    const least = medium.content === 'iso' ? '8.0' : '8.4';
    if (!isAtLeast(version, least))
      throw new CpiabError('E5212', { subject: server, args: [version, least] });
    const config = await this.#machine();
    if (config !== null) return config;
    await this.#storage('medium-storage', medium.storage, medium.content);
    await this.#storage('disk-storage', disk.storage, 'images');
    return null;
  }

  /** Nothing to do where the storage has a file with the digest in its name and of the same size. */
  async upload(): Promise<void> {
    const { node, medium } = this.#plan;
    const content = await this.#ask('content', ContentSchema);
    if (content.some(({ volid, size }) => volid === medium.volume && size === medium.size)) return;
    const { avail = Number.POSITIVE_INFINITY } = await this.#ask('medium-storage', StorageSchema);
    if (avail < medium.size) {
      const why = `${formatBytes(avail)} free, the medium has ${formatBytes(medium.size)}`;
      throw new CpiabError('E5206', { subject: medium.storage, args: [why] });
    }
    const { client, progress } = this.#host;
    const onBytes = (bytes: number) =>
      progress({ type: 'progress', id: 'upload', bytes, total: medium.size, phase: 'write' });
    const file = { path: this.#host.medium, size: medium.size, onBytes };
    const upid = await client.upload(this.#call('upload'), file);
    await client.finished(node, upid, medium.volume);
    this.done.push('upload');
  }

  async create(): Promise<void> {
    await this.#task('create');
    this.done.push('create');
  }

  async start(): Promise<void> {
    await this.#grow();
    const { status } = await this.#ask('state', z.looseObject({ status: z.string() }));
    if (status === 'running') return;
    await this.#task('start');
    this.done.push('start');
  }

  /** A disk image has a small data partition; the box extends it to the end of its disk when it starts. */
  async #grow(): Promise<void> {
    if (this.#plan.medium.content === 'iso') return;
    const config = await this.#ask('config', ConfigSchema);
    if (gibOf(config.scsi0) >= this.#plan.disk.gib) return;
    await this.#task('resize');
    this.done.push('resize');
  }

  /** The plan's machine, null when there is none. One that is being made has no description yet, and is waited for. */
  async #machine(): Promise<Config | null> {
    let config = await this.#config();
    for (let looks = 1; config?.lock === 'create' && looks < LOOKS; looks++) {
      await this.#host.pause(this.#host.signal);
      config = await this.#config();
    }
    if (config !== null) this.#requireOwn(config);
    return config;
  }

  #requireOwn({ description, lock }: Config): void {
    const subject = `machine ${this.#plan.vmid}`;
    const digest = digestIn(description);
    if (digest === null) throw new CpiabError('E5208', { subject });
    if (digest !== this.#plan.digest) throw new CpiabError('E5209', { subject });
    if (lock !== undefined) throw new CpiabError('E5210', { subject, args: [lock] });
  }

  async #config(): Promise<Config | null> {
    return await this.#ask('config', ConfigSchema).catch((error: unknown) => {
      // There is no other status for it. Source: PVE::AbstractConfig::load_config.
      const absent =
        error instanceof CpiabError && error.code === 'E5213' && /does not exist$/.test(error.message);
      if (absent) return null;
      throw error;
    });
  }

  async #storage(name: ProxmoxCallName, storage: string, wanted: string): Promise<void> {
    const { content, active } = await this.#ask(name, StorageSchema);
    const fail = (why: string) => new CpiabError('E5207', { subject: storage, args: [why] });
    if (active === false) throw fail('is not active');
    if (!content.split(',').includes(wanted)) throw fail(`is not for content ${wanted}, only ${content}`);
  }

  async #task(name: ProxmoxCallName): Promise<void> {
    const { node, vmid } = this.#plan;
    // PUT /resize gave nothing until Proxmox VE 8.0, and a task since.
    const upid = await this.#ask(name, z.string().nullish());
    if (upid) await this.#host.client.finished(node, upid, `machine ${vmid}`);
  }

  #ask<Result>(name: ProxmoxCallName, schema: z.ZodType<Result>): Promise<Result> {
    return this.#host.client.call(this.#call(name), schema);
  }

  #call(name: ProxmoxCallName): ProxmoxCall {
    const found = this.#plan.calls.find((call) => call.name === name);
    if (found === undefined) throw new Error(`the plan has no call ${name}`);
    return found;
  }
}

function isAtLeast(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = least.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** Size in a disk's options, such as `local-lvm:vm-120-disk-0,size=3584M`, in GiB. */
function gibOf(disk: string | undefined): number {
  const { number = '0', unit = 'G' } =
    /(?:^|,)size=(?<number>[\d.]+)(?<unit>[KMGT])/.exec(disk ?? '')?.groups ?? {};
  const factors: Record<string, number> = { K: 2 ** -20, M: 2 ** -10, G: 1, T: 2 ** 10 };
  return Number(number) * (factors[unit] ?? 1);
}
