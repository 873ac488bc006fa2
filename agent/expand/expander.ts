import type { AuditEvent } from '../../contract/audit-log.ts';
import type { EnrolledNode } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import type {
  ExpandingPool,
  Expansion,
  ExpansionPlan,
  ExpansionState,
  ExpansionStatus,
} from '../../contract/expand.ts';
import type { Inventory } from '../../contract/inventory.ts';
import type { NodePool } from '../../contract/node-pools.ts';
import type { Operator } from '../api/operator.ts';
import { type AuditLog, theBox } from '../audit/log.ts';
import { InTurn } from '../in-turn.ts';
import type { KubeClient } from '../kube/client.ts';
import type { BoxReport } from '../report/report.ts';
import { type ClusterView, evict, readCluster } from './cluster.ts';
import { decide } from './decide.ts';
import { hasJoined, recordOf } from './machines-step.ts';
import { Patience } from './patience.ts';
import { isExpanding, type PlanFacts, planOf } from './plan.ts';
import type { Halt, Step } from './step.ts';
import { keepExpansion, keptExpansion } from './store.ts';

/** As much of enrolment as an expansion needs. */
export interface Enrolling {
  list(): { nodes: EnrolledNode[] };
  approve(asked: { id: string; request: string; reason: string; who: AuditEvent['who'] }): Promise<unknown>;
}

export interface ExpanderOptions {
  /** On the disk, where the box has one. */
  file: string;
  /** What the site says about nodes. */
  pools: readonly NodePool[];
  enrollment: Enrolling;
  audit: Pick<AuditLog, 'record'>;
  report: Pick<BoxReport, 'observe' | 'lasting'>;
  inventory: () => Inventory | undefined;
  clock: { wall: () => number; uptime: () => number };
}

const active: readonly ExpansionState[] = ['running', 'stopping'];
const ENGINE_MS = 60_000;

/**
 * Proposes how pools of the site grow, and does what a person has approved: machines in, then pods over. What it is at is
 * on the disk before it is done; all else it reads from box and cluster anew, so that it goes on after a cut.
 */
export class Expander {
  readonly #options: ExpanderOptions;
  readonly #turns = new InTurn();
  readonly #patience = new Patience();
  /** Why pods could not be evicted, by their UID. */
  #refused = new Map<string, string>();
  #waits: readonly string[] = [];
  #run: Expansion | null;

  private constructor(options: ExpanderOptions, run: Expansion | null) {
    this.#options = options;
    this.#run = run;
    this.#tell();
  }

  static async open(options: ExpanderOptions): Promise<Expander> {
    return new Expander(options, await keptExpansion(options.file));
  }

  get isActive(): boolean {
    return this.#run !== null && active.includes(this.#run.state);
  }

  /** @param name of a pool; null for all that the site lets grow. @throws CpiabError E5523. */
  async plan(kube: KubeClient, name: string | null): Promise<ExpansionPlan> {
    const expanding = this.#options.pools.filter(isExpanding);
    const pools = name === null ? expanding : expanding.filter((pool) => pool.name === name);
    if (pools.length === 0)
      throw new CpiabError('E5523', { subject: name === null ? 'pools' : `pool ${name}` });
    return planOf(pools, await this.#facts(kube, pools));
  }

  /**
   * Lets a plan be done as it was shown, of all pools or of one.
   * @throws CpiabError E5521 when the box proposes another by now; E5522 while there is one that has not ended.
   */
  async approve(kube: KubeClient, digest: string, who: Operator, reason: string): Promise<ExpansionStatus> {
    return await this.#turns.run('expansion', async () => {
      this.#expect(['stopped', 'done'], 'be followed by another; stop it first');
      const plan = await this.#planWith(kube, digest);
      if (plan === undefined) throw new CpiabError('E5521', { subject: `plan ${digest.slice(0, 16)}` });
      const machines = plan.pools.flatMap((pool) => pool.machines.map(({ name }) => name));
      const of = plan.pools.map(({ name }) => name).join(', ');
      const detail = `approved: pools ${of}; machines ${machines.join(', ') || 'none'}`;
      await this.#write(who, digest, 'done', `${detail}${reason && `; ${reason}`}`);
      await this.#keep(expansionOf(plan, who, new Date(this.#options.clock.wall()).toISOString()));
      return this.status();
    });
  }

  /** What has begun is finished; nothing else begins. @throws CpiabError E5522. */
  async stop(who: Operator): Promise<ExpansionStatus> {
    return await this.#turns.run('expansion', async () => {
      const run = this.#expect(['running', 'halted'], 'be stopped');
      await this.#write(who, run.digest, 'done', 'stop');
      await this.#keep({ ...run, state: run.state === 'halted' ? 'stopped' : 'stopping' });
      return this.status();
    });
  }

  /** After a halt: what has not come about has its time anew. @throws CpiabError E5522. */
  async goOn(who: Operator): Promise<ExpansionStatus> {
    return await this.#turns.run('expansion', async () => {
      const run = this.#expect(['halted'], 'go on');
      await this.#write(who, run.digest, 'done', 'go on');
      this.#patience.renew();
      await this.#keep({ ...run, state: 'running', halt: null, evicting: [] });
      return this.status();
    });
  }

  status(): ExpansionStatus {
    const joined = this.#joined();
    const head = { apiVersion: 'cpiab.dev/v1', kind: 'ExpansionStatus' } as const;
    return { ...head, expansion: this.#run, joined, waits: [...this.#waits] };
  }

  /** One step of what runs. What fails is tried again with the next. */
  async turn(kube: KubeClient, signal: AbortSignal): Promise<void> {
    await this.#turns.run('expansion', async () => {
      const run = this.#run;
      if (run === null || !active.includes(run.state)) return;
      const moves = run.pools.flatMap((pool) => pool.moves);
      const view = await readCluster(kube, moves, signal).catch((error: unknown) => {
        // The time in which nobody could look does not count.
        this.#patience.renew();
        throw error;
      });
      const facts = { ...view, machines: this.#options.enrollment.list().nodes, refused: this.#refused };
      const step = decide(run, facts);
      if (step === null) return await this.#end(run);
      this.#waits = step.waits.map(({ why }) => why);
      const late = this.#patience.exhausted(step.waits, this.#options.clock.uptime());
      const halt = step.halt ?? (late && { why: late.why, next: late.next });
      if (halt !== null) return await this.#halt(run, halt);
      const kept = await this.#carryOut(run, step);
      await this.#evictAll(kube, kept, view.pods, signal);
    });
  }

  /** Machines and records first: a pod is asked to go when it stands on the disk that it was. */
  async #carryOut(run: Expansion, { approve, evict: leaving, settled }: Step): Promise<Expansion> {
    for (const { id, request } of approve) {
      const asked = { id, request, who: run.who, reason: `expansion ${run.digest}` };
      const failed = await this.#options.enrollment.approve(asked).then(
        () => null,
        (error: unknown) => refusalOf(error),
      );
      if (failed !== null) {
        await this.#halt(run, failed);
        return { ...run, evicting: [] };
      }
    }
    const ended = new Set(settled.map(({ uid }) => uid));
    const moved = [...run.moved, ...settled.map(({ namespace, name }) => `${namespace}/${name}`)];
    const evicting = [...run.evicting.filter(({ uid }) => !ended.has(uid)), ...leaving];
    for (const { namespace, name, pool } of leaving)
      await this.#write(run.who, run.digest, 'begun', `evict ${namespace}/${name}, for pool ${pool}`);
    const next = { ...run, evicting, moved };
    if (leaving.length + settled.length > 0) await this.#keep(next);
    else this.#tell();
    return next;
  }

  /** Asks those to go that are still there; asked again, nothing changes. */
  async #evictAll(
    kube: KubeClient,
    { evicting }: Expansion,
    pods: ClusterView['pods'],
    signal: AbortSignal,
  ): Promise<void> {
    const there = [...pods.values()]
      .flat()
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const uids = new Set(there.map(({ metadata }) => metadata.uid));
    this.#refused = new Map();
    for (const eviction of evicting.filter(({ uid }) => uids.has(uid))) {
      const why = await evict(kube, eviction, signal);
      if (why !== null) this.#refused.set(eviction.uid, why);
    }
  }

  async #end(run: Expansion): Promise<void> {
    const state = run.state === 'stopping' ? 'stopped' : 'done';
    this.#waits = [];
    await this.#write(theBox, run.digest, 'done', `${state}; ${run.moved.length} pods moved`);
    await this.#keep({ ...run, state });
  }

  async #halt(run: Expansion, halt: Halt): Promise<void> {
    this.#waits = [];
    await this.#write(theBox, run.digest, 'failed', `halted: ${halt.why}`);
    await this.#keep({ ...run, state: 'halted', halt });
  }

  async #keep(run: Expansion): Promise<void> {
    await keepExpansion(this.#options.file, run);
    this.#run = run;
    this.#tell();
  }

  async #write(
    who: AuditEvent['who'],
    digest: string,
    outcome: AuditEvent['outcome'],
    detail: string,
  ): Promise<void> {
    const { name, fingerprint } = who;
    const event = { action: 'expand', subject: `expansion ${digest}`, outcome, detail } as const;
    await this.#options.audit.record({ who: { name, fingerprint }, ...event });
  }

  /** @throws CpiabError E5522 in another state. None at all counts as one that was done. */
  #expect(states: readonly ExpansionState[], what: string): Expansion {
    const run = this.#run;
    const state = run?.state ?? 'done';
    if (!states.includes(state)) {
      const subject = run === null ? 'expansion' : `expansion ${run.digest.slice(0, 16)}`;
      throw new CpiabError('E5522', { subject, args: [run === null ? 'not there' : state, what] });
    }
    return run as Expansion;
  }

  async #planWith(kube: KubeClient, digest: string): Promise<ExpansionPlan | undefined> {
    const pools = this.#options.pools.filter(isExpanding);
    const facts = await this.#facts(kube, pools);
    const plans = [pools, ...pools.map((pool) => [pool])].map((some) => planOf(some, facts));
    return plans.find((plan) => plan.digest === digest);
  }

  async #facts(kube: KubeClient, expanding: readonly ExpandingPool[]): Promise<PlanFacts> {
    const { enrollment, pools, inventory } = this.#options;
    const moves = expanding.flatMap(({ expand }) => expand.moves);
    const cluster = await readCluster(kube, moves, AbortSignal.timeout(ENGINE_MS));
    return { pools, machines: enrollment.list().nodes, cluster, inventory: inventory() };
  }

  #joined(): string[] {
    const { nodes } = this.#options.enrollment.list();
    const planned = this.#run?.pools.flatMap(({ machines }) => machines) ?? [];
    return planned.filter((machine) => hasJoined(recordOf(machine, nodes))).map(({ key }) => key);
  }

  /** One line in the box's status while it runs or is halted; a halt is a problem that a person has to look at. */
  #tell(): void {
    const { report } = this.#options;
    const run = this.#run;
    const halt = run?.state === 'halted' ? run.halt : null;
    report.lasting('expansion', halt && { problem: `expansion halted: ${halt.why}`, nextAction: halt.next });
    if (run === null || run.state === 'done' || run.state === 'stopped') {
      report.observe({ expansion: null });
      return;
    }
    const total = run.pools.flatMap(({ machines }) => machines).length;
    const machines = { joined: this.#joined().length, total };
    const detail = halt?.why ?? this.#waits[0] ?? '';
    report.observe({ expansion: { state: run.state, machines, moved: run.moved.length, detail } });
  }
}

/** What has halted it, of what enrolment refuses. @throws what is no refusal: that is tried again. */
function refusalOf(error: unknown): Halt {
  if (!(error instanceof CpiabError)) throw error;
  return { why: `${error.subject} ${error.message}`, next: error.hint };
}

const expansionOf = (plan: ExpansionPlan, { name, fingerprint }: Operator, approved: string): Expansion => ({
  ...{ digest: plan.digest, who: { name, fingerprint }, approved, state: 'running', halt: null },
  pools: plan.pools.map(({ name: pool, surge, progressDeadlineSeconds, machines, moves }) => ({
    ...{ name: pool, surge, progressDeadlineSeconds },
    machines: machines.map((machine) => ({ name: machine.name, key: machine.key, request: machine.request })),
    moves: moves.map(({ namespace, selector, maxUnavailable }) => ({ namespace, selector, maxUnavailable })),
  })),
  ...{ evicting: [], moved: [] },
});
