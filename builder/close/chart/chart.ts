import { parse } from 'yaml';
import { z } from 'zod';
import { CpiabError } from '../../../contract/errors.ts';
import { isRecord } from '../../../policy/closed/object.ts';
import { type ChartFiles, unpackChart } from './archive.ts';

const DependencySchema = z.looseObject({
  name: z.string(),
  version: z.coerce.string().default(''),
  repository: z.string().default(''),
  alias: z.string().optional(),
  /** Paths in the values, separated by commas: the first that is there says whether it takes part. */
  condition: z.string().default(''),
});
/** A chart that another one is made with. Source: Helm, the Chart.yaml file. */
export type Dependency = z.infer<typeof DependencySchema>;

const MetadataSchema = z.looseObject({
  name: z.string(),
  version: z.coerce.string(),
  appVersion: z.coerce.string().default(''),
  dependencies: z.array(DependencySchema).nullish(),
});
/** Where charts of API version 1 name theirs. */
const RequirementsSchema = z.looseObject({ dependencies: z.array(DependencySchema).nullish() });

/** A Helm chart, read without rendering it. */
export interface Chart {
  name: string;
  version: string;
  appVersion: string;
  dependencies: Dependency[];
  /** `values.yaml`. */
  values: Record<string, unknown>;
  /** Files of `templates/` by path, not rendered. */
  templates: Map<string, string>;
  /** Charts that lie in its `charts/`. */
  charts: Chart[];
}

/** How deep charts may lie in charts; Helm's own limit is the archive's size. */
const DEEPEST = 8;

/** @throws CpiabError E3030 for what is no chart. */
export async function readChart(path: string, subject: string): Promise<Chart> {
  return await chartOf(await unpackChart(path, subject), subject, 0);
}

async function chartOf(files: ChartFiles, subject: string, depth: number): Promise<Chart> {
  if (depth > DEEPEST) throw new CpiabError('E3030', { subject, args: ['charts in charts without end'] });
  const text = (path: string) => files.get(path)?.toString('utf8') ?? '';
  const metadata = check(MetadataSchema, text('Chart.yaml'), `${subject} Chart.yaml`);
  const required = check(
    RequirementsSchema,
    text('requirements.yaml') || '{}',
    `${subject} requirements.yaml`,
  );
  const values = yaml(text('values.yaml'), `${subject} values.yaml`);
  const templates = [...files].filter(([path]) => path.startsWith('templates/'));
  return {
    name: metadata.name,
    version: metadata.version,
    appVersion: metadata.appVersion,
    dependencies: [...(metadata.dependencies ?? []), ...(required.dependencies ?? [])],
    values: isRecord(values) ? values : {},
    templates: new Map(templates.map(([path, bytes]) => [path, bytes.toString('utf8')])),
    charts: await chartsIn(files, subject, depth + 1),
  };
}

/** Folders and archives of `charts/`; Helm passes over names that begin with a dot or underscore. */
async function chartsIn(files: ChartFiles, subject: string, depth: number): Promise<Chart[]> {
  const inside = [...files].flatMap(([path, bytes]) => {
    const [, name, rest] = /^charts\/([^/._][^/]*)(?:\/(.+))?$/.exec(path) ?? [];
    return name === undefined ? [] : [{ name, rest, bytes }];
  });
  const found: Chart[] = [];
  for (const [name, entries] of Map.groupBy(inside, (entry) => entry.name)) {
    const [first] = entries;
    const where = `${subject} charts/${name}`;
    if (first?.rest !== undefined) {
      const own = new Map(entries.map(({ rest = '', bytes }) => [rest, bytes]));
      found.push(await chartOf(own, where, depth));
    } else if (first !== undefined && /\.t(?:ar\.)?gz$/.test(name)) {
      found.push(await chartOf(await unpackChart(first.bytes, where), where, depth));
    }
  }
  return found;
}

function check<Schema extends z.ZodType>(schema: Schema, text: string, subject: string): z.infer<Schema> {
  const parsed = schema.safeParse(yaml(text, subject));
  if (parsed.success) return parsed.data;
  throw new CpiabError('E3030', { subject, args: ['not what Helm expects there'], cause: parsed.error });
}

function yaml(text: string, subject: string): unknown {
  try {
    return parse(text, { logLevel: 'silent' });
  } catch (cause) {
    throw new CpiabError('E3030', { subject, args: ['not valid YAML'], cause });
  }
}
