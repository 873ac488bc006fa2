import { posix } from 'node:path';
import type { z } from 'zod';
import { AppSchema } from '../../contract/app.ts';
import { type BundleSet, BundleSetSchema } from '../../contract/bundle-set.ts';
import { mistakesOf } from '../../contract/document/mistakes.ts';
import { KnownSecretsSchema } from '../../contract/known-secrets.ts';
import { type Site, SiteSchema } from '../../contract/site.ts';
import { parseDocuments } from '../document/source-document.ts';
import type { Finding } from '../finding.ts';
import { isRule, mayBeExcepted } from '../rules.ts';
import type { Tree } from '../tree/tree.ts';
import type { App } from './context.ts';

const SITE = /^config\/clusters\/(?<name>[^/]+)\.yaml$/;

/** Reads the definitions of all sites. */
export async function readSites(tree: Tree): Promise<{ sites: Site[]; findings: Finding[] }> {
  const files = filesOf(tree).filter((path) => SITE.test(path));
  const texts = await tree.read(files);
  const findings: Finding[] = [];
  const sites = files.flatMap((file, index) => {
    const site = readDocument(file, texts[index] ?? '', SiteSchema, findings);
    if (site === undefined || site.name === SITE.exec(file)?.groups?.['name']) return site ?? [];
    const what = `the name in it is ${site.name}, but the file is called otherwise`;
    findings.push({ rule: 'own-document', file, line: 1, what });
    return [];
  });
  return { sites, findings };
}

async function readBundleSets(tree: Tree, findings: Finding[]): Promise<BundleSet[]> {
  const own = filesOf(tree).filter((path) => /^bundles\/[^/]+\.yaml$/.test(path));
  const texts = await tree.read(own);
  return own.flatMap(
    (file, index) => readDocument(file, texts[index] ?? '', BundleSetSchema, findings) ?? [],
  );
}

const KNOWN = 'config/policy/known-secrets.yaml';

/** What looks like a secret in the history and is none. */
export async function readKnownSecrets(
  tree: Tree,
): Promise<{ known: z.infer<typeof KnownSecretsSchema>['secrets']; findings: Finding[] }> {
  const [text] = await tree.read([KNOWN]);
  const findings: Finding[] = [];
  if (text == null) return { known: [], findings };
  return { known: readDocument(KNOWN, text, KnownSecretsSchema, findings)?.secrets ?? [], findings };
}

const APP = /^cluster\/(?:.*\/)?app\.yaml$/;

/** Reads every app.yaml below `cluster/`. @param date of the commit: exceptions that ended before are findings. */
export async function readApps(tree: Tree, date: string): Promise<{ apps: App[]; findings: Finding[] }> {
  const files = filesOf(tree).filter((path) => APP.test(path));
  const texts = await tree.read(files);
  const findings: Finding[] = [];
  const apps = files.flatMap((file, index): App[] => {
    const text = texts[index] ?? '';
    const content = readDocument(file, text, AppSchema, findings);
    if (content === undefined) return [];
    findings.push(...exceptions(file, text, content, date));
    return [{ folder: posix.dirname(file), file, content }];
  });
  return { apps, findings };
}

/** Reads every app.yaml below `cluster/`, every bundle set, and the definition of one site. */
export async function readOwnDocuments(
  tree: Tree,
  site: string,
  date: string,
): Promise<{ apps: App[]; sets: BundleSet[]; findings: Finding[] }> {
  const { apps, findings } = await readApps(tree, date);
  const file = `config/clusters/${site}.yaml`;
  const [text] = await tree.read([file]);
  if (text != null) readDocument(file, text, SiteSchema, findings);
  return { apps, sets: await readBundleSets(tree, findings), findings };
}

export const filesOf = ({ entries }: Tree) =>
  entries.filter(({ kind }) => kind === 'file').map(({ path }) => path);

/** Reads one document of our own; mistakes in it become findings. */
export function readDocument<Schema extends z.ZodType>(
  file: string,
  text: string,
  schema: Schema,
  findings: Finding[],
): z.output<Schema> | undefined {
  const { documents, findings: wrong } = parseDocuments(file, text);
  findings.push(...wrong);
  const [source] = documents;
  if (source === undefined) {
    if (wrong.length === 0) findings.push({ rule: 'own-document', file, line: 1, what: 'is empty' });
    return undefined;
  }
  const parsed = schema.safeParse(source.value);
  if (parsed.success) return parsed.data;
  for (const mistake of mistakesOf(schema, source.value, parsed.error.issues)) {
    const line = source.lineOf(mistake.path);
    const { message, hint } = mistake.error(file);
    const where = mistake.path.join('.');
    findings.push({
      rule: 'own-document',
      file,
      line,
      what: `${where === '' ? '' : `${where}: `}${message} (${hint})`,
    });
  }
  return undefined;
}

/** Exceptions that excuse nothing, any more or at all. */
function exceptions(file: string, text: string, content: App['content'], date: string): Finding[] {
  const [source] = parseDocuments(file, text).documents;
  return content.exceptions.flatMap(({ rule, expires }, index): Finding[] => {
    const at = (key: string) => source?.lineOf(['exceptions', index, key]) ?? 1;
    if (!isRule(rule))
      return [{ rule: 'exception', file, line: at('rule'), what: `there is no rule ${rule}` }];
    if (!mayBeExcepted(rule))
      return [{ rule: 'exception', file, line: at('rule'), what: `rule ${rule} has no exceptions` }];
    return expires < date
      ? [{ rule: 'exception', file, line: at('expires'), what: `the exception for ${rule} ended ${expires}` }]
      : [];
  });
}
