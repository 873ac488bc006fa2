import { isSpdxException, isSpdxId, type Licence, type OwnLicence, ownLicence, unknown } from './licence.ts';

/**
 * What a Debian `copyright` file says of a package: every licence that any of its files has. A file that isn't
 * in the machine-readable format says nothing for sure.
 * Source: Machine-readable debian/copyright file, version 1.0 (DEP-5).
 */
export function debianLicence(copyright: string): Licence {
  const [header, ...paragraphs] = copyright
    .replaceAll('\r', '')
    .split(/\n(?:[ \t]*\n)+/)
    .map(fieldsOf);
  if (!/copyright-format/.test(header?.['format'] ?? '')) return unknown;
  const texts = new Map<string, string>();
  for (const { license = '' } of [header ?? {}, ...paragraphs]) {
    const { name, text } = split(license);
    if (name !== '' && text !== '' && !texts.has(name)) texts.set(name, text);
  }
  const used = [header ?? {}, ...paragraphs.filter(({ files }) => files !== undefined)]
    .map(({ license = '' }) => split(license).name)
    .filter((name) => name !== '');
  const own = new Map<string, OwnLicence>();
  const expressions = new Set(used.map((name) => grouped(name, texts, own)).toSorted());
  if (expressions.size === 0) return unknown;
  return { expression: [...expressions].join(' AND '), own: [...own.values()] };
}

type Fields = Record<string, string>;

/** Fields of a paragraph, by their names in lower case; following lines begin with a space. */
function fieldsOf(paragraph: string): Fields {
  const fields: Fields = {};
  let name = '';
  for (const line of paragraph.split('\n')) {
    const field = /^(?<name>[A-Za-z-]+):[ \t]*(?<value>.*)$/.exec(line)?.groups;
    if (field !== undefined) {
      name = field['name']?.toLowerCase() ?? '';
      fields[name] = field['value']?.trim() ?? '';
    } else if (name !== '' && /^[ \t]/.test(line)) fields[name] += `\n${line.trim().replace(/^\.$/, '')}`;
  }
  return fields;
}

/** The first line is the short name, the others are the text. */
function split(license: string): { name: string; text: string } {
  const [name = '', ...text] = license.split('\n');
  return { name: name.trim().replaceAll(/\s+/g, ' '), text: text.join('\n').trim() };
}

/** In brackets, where something else may stand beside it. */
function grouped(name: string, texts: Map<string, string>, own: Map<string, OwnLicence>): string {
  const expression = expressionOf(name, texts, own);
  return / (?:AND|OR) /.test(expression) ? `(${expression})` : expression;
}

/** "A or B, and C": a comma binds least, then "or", then "and". Source: DEP-5, License specification, Syntax. */
function expressionOf(name: string, texts: Map<string, string>, own: Map<string, OwnLicence>): string {
  for (const [separator, operator] of [
    [/, (?=and )and |, (?=or )or /i, name.match(/, (and|or) /i)?.[1]?.toUpperCase() ?? ''],
    [/ or /i, 'OR'],
    [/ and /i, 'AND'],
  ] as const) {
    const parts = name.split(separator);
    if (parts.length > 1) return parts.map((part) => grouped(part.trim(), texts, own)).join(` ${operator} `);
  }
  return single(name, texts, own);
}

function single(name: string, texts: Map<string, string>, own: Map<string, OwnLicence>): string {
  const { base = name, exception } =
    /^(?<base>\S+) with (?<exception>.+?)(?: exception)?$/i.exec(name)?.groups ?? {};
  const id = spdxOf(base);
  if (id !== null && exception === undefined) return id;
  if (id !== null && exception !== undefined && isSpdxException(exception)) return `${id} WITH ${exception}`;
  const licence = own.get(name) ?? ownLicence(name, texts.get(name) ?? `The package calls it: ${name}`);
  own.set(name, licence);
  return licence.id;
}

/** Names that DEP-5 defines and SPDX writes in another way. `MIT` and others that both have need no line. */
const names: Record<string, string> = {
  expat: 'MIT',
  'apache-2': 'Apache-2.0',
  'artistic-2': 'Artistic-2.0',
  'bsd-2-clause': 'BSD-2-Clause',
  'bsd-3-clause': 'BSD-3-Clause',
  'bsd-4-clause': 'BSD-4-Clause',
  cc0: 'CC0-1.0',
  isc: 'ISC',
  zlib: 'Zlib',
};

/** GNU licences: `GPL-2` is that version only, `GPL-2+` also later ones; `NIV`: no invariant sections. */
const GNU = /^(?<kind>A?GPL|LGPL|GFDL)(?<free>-NIV)?-(?<version>\d+(?:\.\d+)?)(?<later>\+)?$/i;

function spdxOf(name: string): string | null {
  const gnu = GNU.exec(name)?.groups;
  if (gnu !== undefined) return gnuId(gnu);
  return names[name.toLowerCase()] ?? (isSpdxId(name) ? name : null);
}

function gnuId({ kind = '', free, version = '', later }: Record<string, string | undefined>): string | null {
  const number = version.includes('.') ? version : `${version}.0`;
  const form = `${free === undefined ? '' : '-no-invariants'}${later === undefined ? '-only' : '-or-later'}`;
  const id = `${kind.toUpperCase()}-${number}${form}`;
  return isSpdxId(id) ? id : null;
}
