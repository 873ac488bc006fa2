import { posix } from 'node:path';
import type { z } from 'zod';
import { AppSchema } from '../../contract/app.ts';
import { mistakesOf } from '../../contract/document/mistakes.ts';
import { SiteSchema } from '../../contract/site.ts';
import { parseDocuments } from '../document/source-document.ts';
import type { Finding } from '../finding.ts';
import { isRule, mayBeExcepted } from '../rules.ts';
import type { Tree } from '../tree/tree.ts';
import type { App } from './context.ts';

/** Reads every app.yaml below `cluster/`, and the definition of one site. */
export async function readOwnDocuments(
  tree: Tree,
  site: string,
  date: string,
): Promise<{ apps: App[]; findings: Finding[] }> {
  const files = tree.entries.filter(({ kind }) => kind === 'file').map(({ path }) => path);
  const appFiles = files.filter((path) => /^cluster\/(?:.*\/)?app\.yaml$/.test(path));
  const siteFiles = files.filter((path) => path === `config/clusters/${site}.yaml`);
  const findings: Finding[] = [];
  const apps: App[] = [];
  const texts = await tree.read([...appFiles, ...siteFiles]);
  for (const [index, file] of appFiles.entries()) {
    const content = read(file, texts[index] ?? '', AppSchema, findings);
    if (content === undefined) continue;
    apps.push({ folder: posix.dirname(file), file, content });
    findings.push(...exceptions(file, texts[index] ?? '', content, date));
  }
  for (const file of siteFiles) read(file, texts.at(-1) ?? '', SiteSchema, findings);
  return { apps, findings };
}

function read<Schema extends z.ZodType>(
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
