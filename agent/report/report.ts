import { nothingDropped } from '../../contract/firewall.ts';
import type { BoxStatus, Mark, Phase, Step } from '../../contract/status.ts';

type Observed = Pick<
  BoxStatus,
  | 'git'
  | 'flux'
  | 'nodes'
  | 'expansion'
  | 'dropped'
  | 'podNetwork'
  | 'alerts'
  | 'images'
  | 'memory'
  | 'slots'
  | 'update'
  | 'backup'
  | 'seed'
  | 'install'
  | 'node'
  | 'pull'
>;
type Identity = BoxStatus['box'];
/** What changed: where the boot stands, or just what it says about it. */
export type Change = 'phase' | 'detail';

/** What a person is told about something that went wrong. */
export interface Problem {
  problem: string;
  nextAction: string;
  /** Of the error behind it, such as `CPIAB-E2103`. */
  code?: string;
}

/**
 * The box's account of itself, the one source for API, console and log. Steps and loops write into
 * it; readers are told of changes. Times are milliseconds since power-on.
 */
export class BoxReport {
  readonly #now: () => number;
  readonly #steps: Step[];
  readonly #marks: Mark[] = [];
  readonly #listeners: ((change: Change) => void)[] = [];
  #phase: Phase = 'verify';
  #identity: Identity;
  #problem: Problem | null = null;
  readonly #lasting = new Map<string, Problem>();
  #trouble: Problem | null = null;
  #observed: Observed = {
    git: { head: null, applied: null },
    flux: { ready: 0, total: 0, blocking: [] },
    nodes: [],
    expansion: null,
    dropped: nothingDropped,
    podNetwork: null,
    alerts: null,
    images: { running: 0, notInBundle: [] },
    memory: { used: 0, total: 0 },
    slots: null,
    update: null,
    seed: null,
    install: null,
    node: null,
    pull: null,
    backup: { newest: null, count: 0, everyHours: null, disk: null },
  };

  constructor(steps: readonly string[], now: () => number, site: string) {
    this.#now = now;
    this.#identity = {
      id: '',
      fingerprint: '',
      version: '',
      sequence: 0,
      site,
      state: 'memory',
      encryption: 'none',
      firmware: 'bios',
    };
    this.#steps = steps.map((name) => ({
      name,
      state: 'waiting',
      startedMs: null,
      tookMs: null,
      detail: '',
    }));
  }

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  begin(name: Exclude<Phase, 'ready' | 'failed'>): void {
    const step = this.#step(name);
    // One more try is no reason to take back that a person was called.
    if (step.state !== 'failed') this.#phase = name;
    step.state = 'running';
    step.detail = '';
    step.startedMs ??= this.#ms();
    this.#tell('phase');
  }

  /** What the running step is at. */
  progress(name: string, detail: string): void {
    const step = this.#step(name);
    if (step.detail === detail) return;
    step.detail = detail;
    this.#tell('detail');
  }

  done(name: Exclude<Phase, 'ready' | 'failed'>, evidence: string): void {
    const step = this.#step(name);
    this.#phase = name;
    step.state = 'done';
    step.detail = evidence;
    step.tookMs = this.#ms() - (step.startedMs ?? 0);
    this.#problem = null;
    this.#tell('phase');
  }

  /**
   * Keeps when something was first up; later sights change nothing.
   * @param agoMs since when it is up; what says that it was before power-on came from an earlier boot.
   */
  mark(name: string, agoMs = 0): void {
    if (this.#marks.some((mark) => mark.name === name)) return;
    const seen = this.#ms();
    const since = Math.round(seen - agoMs);
    this.#marks.push({ name, atMs: since >= 0 && since <= seen ? since : seen });
    this.#marks.sort((a, b) => a.atMs - b.atMs);
    this.#tell('detail');
  }

  /** @param final nothing goes on until a person does something. */
  failed(name: string, problem: Problem, final: boolean): void {
    const step = this.#step(name);
    step.state = 'failed';
    step.detail = problem.problem;
    step.tookMs = this.#ms() - (step.startedMs ?? 0);
    this.#problem = problem;
    if (final) this.#phase = 'failed';
    this.#tell('phase');
  }

  ready(): void {
    this.#phase = 'ready';
    this.#tell('phase');
  }

  set(identity: Partial<Identity>): void {
    this.#identity = { ...this.#identity, ...identity };
    this.#tell('phase');
  }

  observe(observed: Partial<Observed>): void {
    this.#observed = { ...this.#observed, ...observed };
    this.#tell('detail');
  }

  /** Warns of something that does not stop the boot, or takes the warning back. */
  warn(problem: Problem | null): void {
    this.#show(() => {
      this.#problem = problem;
    });
  }

  /** Tells of something that stays wrong whatever the steps do, or takes it back. A step's own problem comes first. */
  lasting(topic: string, problem: Problem | null): void {
    this.#show(() => {
      if (problem === null) this.#lasting.delete(topic);
      else this.#lasting.set(topic, problem);
    });
  }

  /** What is wrong with the machine itself, or null; it stands before what a step or a warning says. */
  trouble(problem: Problem | null): void {
    this.#show(() => {
      this.#trouble = problem;
    });
  }

  /** Readers are told when a person would read something else. */
  #show(change: () => void): void {
    const before = this.#shown?.problem;
    change();
    if (this.#shown?.problem !== before) this.#tell('phase');
  }

  /** Code of the error that is the problem, or null. */
  get code(): string | null {
    return this.#shown?.code ?? null;
  }

  get #shown(): Problem | null {
    return this.#trouble ?? this.#problem ?? this.#lasting.values().next().value ?? null;
  }

  /** The step the boot is at, or was when it ended. */
  get current(): Step {
    const running = this.#steps.findLast(({ state }) => state !== 'waiting');
    return { ...(running ?? this.#step('verify')) };
  }

  /** `GET /v1/status`. */
  snapshot(): BoxStatus {
    return {
      apiVersion: 'cpiab.dev/v1',
      kind: 'BoxStatus',
      box: { ...this.#identity },
      phase: this.#phase,
      uptimeMs: this.#ms(),
      steps: this.#steps.map((step) => ({ ...step })),
      marks: this.#marks.map((mark) => ({ ...mark })),
      problem: this.#shown?.problem ?? null,
      nextAction: this.#shown?.nextAction ?? null,
      ...this.#observed,
    };
  }

  #step(name: string): Step {
    const step = this.#steps.find((found) => found.name === name);
    if (step === undefined) throw new Error(`no step ${name}`);
    return step;
  }

  #ms(): number {
    return Math.round(this.#now());
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
