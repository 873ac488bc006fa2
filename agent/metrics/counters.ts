import type { Sample } from './exposition.ts';

type Labels = Readonly<Record<string, string>>;

/** What has happened since the agent started. Label values come from bounded sets, never from a client. */
export class Counters {
  readonly #values = new Map<string, Map<string, { labels: Labels; count: number; seconds: number }>>();

  /** @param seconds how long it took, where that is kept too. */
  add(name: 'requests' | 'pushes' | 'observations' | 'svids', labels: Labels, seconds = 0): void {
    const series = this.#values.get(name) ?? new Map();
    this.#values.set(name, series);
    const key = JSON.stringify(labels);
    const { count = 0, seconds: before = 0 } = series.get(key) ?? {};
    series.set(key, { labels, count: count + 1, seconds: before + seconds });
  }

  counts(name: string): Sample[] {
    return this.#series(name).map(({ labels, count }) => ({ labels, value: count }));
  }

  /** Sum and number of durations, added up over all labels but one. */
  durations(name: string, label: string): Sample[] {
    const sums = new Map<string, { count: number; seconds: number }>();
    for (const { labels, count, seconds } of this.#series(name)) {
      const value = labels[label] ?? '';
      const before = sums.get(value) ?? { count: 0, seconds: 0 };
      sums.set(value, { count: before.count + count, seconds: before.seconds + seconds });
    }
    return [...sums].flatMap(([value, { count, seconds }]) => [
      { suffix: '_sum', labels: { [label]: value }, value: seconds },
      { suffix: '_count', labels: { [label]: value }, value: count },
    ]);
  }

  #series(name: string) {
    return [...(this.#values.get(name)?.values() ?? [])];
  }
}
