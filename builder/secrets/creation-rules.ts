import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { CpiabError } from '../../contract/errors.ts';
import { siteSecrets } from '../../contract/secrets.ts';
import { parseRecipient } from '../../host/age/keys.ts';
import { writeAtomic } from '../../host/files.ts';

const { rules, folder, encrypted } = siteSecrets;
const HEAD = ' For whom SOPS encrypts which files. `./cpiab secrets` keeps one rule for each site.';

/**
 * For whom a site's Secrets are encrypted, by its creation rule in .sops.yaml.
 * @returns null when it has none yet.
 * @throws CpiabError E1425.
 */
export async function readRecipients(repository: string, site: string): Promise<string[] | null> {
  const rule = ruleOf(await readRules(repository), site)?.toJSON() as { age?: unknown } | undefined;
  if (rule === undefined) return null;
  const listed: unknown[] = Array.isArray(rule.age) ? rule.age : String(rule.age ?? '').split(',');
  const found = listed.map((one) => String(one).trim()).filter((one) => one !== '');
  const wrong = found.find((one) => parseRecipient(one) === null);
  if (found.length > 0 && wrong === undefined) return found;
  const what = wrong === undefined ? `the rule of ${site} names nobody` : `${wrong} is no recipient of age`;
  throw new CpiabError('E1425', { subject: rules, args: [what] });
}

/** Writes a site's rule and leaves the others, and comments, as they are. */
export async function writeRecipients(
  repository: string,
  site: string,
  recipients: readonly string[],
): Promise<void> {
  const document = await readRules(repository);
  const age = recipients.join(',');
  const rule = ruleOf(document, site);
  if (rule !== undefined) rule.set('age', age);
  else document.addIn(['creation_rules'], { path_regex: patternOf(site), encrypted_regex: encrypted, age });
  await writeAtomic(join(repository, rules), document.toString({ lineWidth: 0 }));
}

async function readRules(repository: string): Promise<Document> {
  const text = await readFile(join(repository, rules), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  const document = parseDocument(text ?? 'creation_rules: []\n');
  const [mistake] = document.errors;
  if (mistake !== undefined || !isSeq(document.getIn(['creation_rules']))) {
    const what = mistake?.message.split('\n')[0] ?? 'it has no list creation_rules';
    throw new CpiabError('E1425', { subject: rules, args: [what] });
  }
  if (text === null) {
    document.commentBefore = HEAD;
    const list = document.getIn(['creation_rules']);
    if (isSeq(list)) list.flow = false;
  }
  return document;
}

function ruleOf(document: Document, site: string) {
  const list = document.getIn(['creation_rules']);
  return isSeq(list)
    ? list.items.filter(isMap).find((rule) => rule.get('path_regex') === patternOf(site))
    : undefined;
}

/** A regular expression of Go; names of sites have nothing that one would read otherwise. */
const patternOf = (site: string) => `^${folder(site)}/`;
