/** One time series at one moment. */
export interface Sample {
  /** Added to the family's name: `_sum`, `_count`; none for most. */
  suffix?: string;
  labels?: Readonly<Record<string, string>>;
  value: number;
}

/** Samples of one name. Counters end in `_total`, units are base units (seconds, bytes). */
export interface Family {
  name: string;
  type: 'counter' | 'gauge' | 'summary';
  help: string;
  samples: readonly Sample[];
}

/** What the text below is. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Families as Prometheus reads them. Source: Prometheus, "Exposition formats", text format 0.0.4. */
export function exposition(families: readonly Family[]): string {
  return families.map((family) => `${familyLines(family).join('\n')}\n`).join('');
}

function familyLines({ name, type, help, samples }: Family): string[] {
  return [
    `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ suffix = '', labels = {}, value }) => `${name}${suffix}${labelText(labels)} ${value}`),
  ];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
