import { tracked } from '../contract/progress.ts';
import type { BuildHost } from './host.ts';

/** How long one stage took. */
export interface StageTime {
  name: string;
  tookMs: number;
}

/** Runs one stage: its name, what it does in a few words, the work. */
export type RunStage = <Result>(name: string, title: string, work: () => Promise<Result>) => Promise<Result>;

/** Runs the stages of one build: reports each, keeps its time, and stops between two when interrupted. */
export function stages(host: BuildHost) {
  const times: StageTime[] = [];
  const stage: RunStage = async (name, title, work) => {
    host.signal.throwIfAborted();
    const started = performance.now();
    const result = await tracked(
      host.progress,
      { id: name, title: `${name}: ${title}`, phase: 'stage' as const },
      work,
    );
    times.push({ name, tookMs: Math.round(performance.now() - started) });
    return result;
  };
  return { stage, times };
}
