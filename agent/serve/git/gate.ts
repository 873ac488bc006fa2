import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { messageOf } from '../../../contract/message-of.ts';
import type { BoxSite } from '../../../contract/site.ts';
import { type Finding, linesOf } from '../../../policy/finding.ts';
import { checkPush, MAIN, type RefUpdate } from '../../../policy/push/check-push.ts';
import type { Carried } from '../../../policy/rules/context.ts';
import type { Operator } from '../../api/operator.ts';
import type { HookAnswer, HookRequest } from './hook-channel.ts';
import type { PushGate } from './http.ts';
import type { GitRepository } from './repository.ts';

/** A check that takes longer is no check of this repository: an emulated box needs seconds. */
const LONGEST_MS = 300_000;

export interface GateOptions {
  repository: GitRepository;
  site: BoxSite;
  carried: Carried;
  /** Brings `main` to the cluster, and says how far that came. */
  publish: () => Promise<string>;
  /** Publishes what a push left behind that was cut off after git had taken it. */
  settle: () => Promise<void>;
  /** Told of each push, as one JSON object a line. */
  log: (line: string) => void;
}

/** Lets a push in when nothing speaks against it, publishes it, and writes down both. */
export class Gate implements PushGate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  async answer(request: HookRequest, operator: Operator): Promise<HookAnswer> {
    if (request.hook === 'pre-receive') return await this.#before(request, operator);
    if (request.hook === 'post-receive') return await this.#after(request);
    return { accept: false, lines: [`no hook ${request.hook}`], note: `no hook ${request.hook}` };
  }

  async ended(): Promise<void> {
    await this.#options.settle();
  }

  async #before({ quarantine, updates }: HookRequest, operator: Operator): Promise<HookAnswer> {
    const began = performance.now();
    const note = (outcome: object) => {
      const ms = Math.round(performance.now() - began);
      const { name, fingerprint } = operator;
      this.#options.log(`${JSON.stringify({ ...outcome, operator: name, fingerprint, updates, ms })}\n`);
    };
    try {
      const findings = await this.#check(updates, quarantine);
      const rules = [...new Set(findings.map(({ rule }) => rule))].toSorted();
      note(findings.length === 0 ? { push: 'accepted' } : { push: 'refused', rules });
      return findings.length === 0 ? { accept: true, lines: [], note: 'checked' } : refusal(findings, rules);
    } catch (error) {
      note({ push: 'failed', why: messageOf(error) });
      throw error;
    }
  }

  async #check(updates: readonly RefUpdate[], quarantine: string | null): Promise<Finding[]> {
    const { repository, site, carried } = this.#options;
    const store = repository.store(await this.#inside(quarantine));
    const question = { store, updates, site, carried, policy: site.git };
    return await checkPush(question, AbortSignal.timeout(LONGEST_MS));
  }

  /** Git is told to read what lies there, so it must lie where git puts what is pushed. */
  async #inside(quarantine: string | null): Promise<string | null> {
    if (quarantine === null) return null;
    const [path, objects] = await Promise.all([
      realpath(quarantine),
      realpath(join(this.#options.repository.path, 'objects')),
    ]);
    if (!path.startsWith(objects + sep)) throw new Error(`quarantine ${quarantine} is not in the repository`);
    return path;
  }

  async #after({ updates }: HookRequest): Promise<HookAnswer> {
    const note = updates.map(({ name, from, to }) => `${name} ${short(from)}..${short(to)}`).join(', ');
    const isMain = updates.some(({ name }) => name === MAIN);
    return { accept: true, lines: isMain ? [await this.#options.publish()] : [], note };
  }
}

const short = (commit: string | null) => commit?.slice(0, 12) ?? 'none';

function refusal(findings: readonly Finding[], rules: readonly string[]): HookAnswer {
  const count = `${findings.length} finding${findings.length === 1 ? '' : 's'}`;
  return {
    accept: false,
    lines: [`refused: ${count}`, ...linesOf(findings)],
    note: `by ${rules.join(', ')}`,
  };
}
