import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { repeatedKeys } from '../../contract/document/parse-yaml.ts';
import { positionOf } from '../../contract/document/position.ts';
import { messageOf } from '../../contract/message-of.ts';
import type { Finding } from '../finding.ts';

/** How often aliases may put a value in, as `yaml` counts it: a few hundred bytes can stand for gigabytes. */
const MOST_ALIASES = 100;

export type Steps = readonly (string | number)[];

/** A document, and where its parts are written. */
export interface Source {
  /** Below the tree. */
  readonly file: string;
  readonly value: unknown;
  /** Line of the key at a place; of the nearest thing above it where it isn't there. */
  lineOf(path: Steps): number;
  /** First line that holds a text; the document's own first line where none does. */
  lineOfText(text: string): number;
}

/** One document of a YAML file. */
export class SourceDocument implements Source {
  readonly file: string;
  readonly value: unknown;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #text: string;

  constructor(file: string, text: string, document: Document, lines: LineCounter) {
    this.file = file;
    this.value = document.toJS({ maxAliasCount: MOST_ALIASES });
    this.#document = document;
    this.#lines = lines;
    this.#text = text;
  }

  lineOf(path: Steps): number {
    return this.#lines.linePos(positionOf(this.#document, { path: [...path], at: 'key' })).line;
  }

  lineOfText(text: string): number {
    const start = this.#document.range?.[0] ?? 0;
    const at = this.#text.slice(0, this.#document.range?.[2]).indexOf(text, start);
    return at < 0 ? this.lineOf([]) : this.#lines.linePos(at).line;
  }
}

/** A document that is written inside of another, in lines of their own below a key. @param line of that key. */
export const inlinedAt = (line: number, inner: Source, around: Source): Source => ({
  file: around.file,
  value: inner.value,
  lineOf: (path) => line + inner.lineOf(path),
  lineOfText: (text) => around.lineOfText(text),
});

/** Documents of a YAML file, or what keeps it from being read. Empty documents are left out. */
export function parseDocuments(
  file: string,
  text: string,
): { documents: SourceDocument[]; findings: Finding[] } {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const conflict = /^<{7} .*$/m.exec(text);
  if (conflict !== null) {
    const what = `holds what two sides changed: ${conflict[0].slice(0, 40)}`;
    return {
      documents: [],
      findings: [{ rule: 'merge-conflict', file, line: lineAt(conflict.index), what }],
    };
  }
  const read = (Array.isArray(parsed) ? parsed : []).map((document) => {
    const findings = problemsOf(file, document, lineAt);
    if (findings.length > 0 || document.contents === null) return { documents: [], findings };
    return expanded(file, text, document, lines);
  });
  return {
    documents: read.flatMap(({ documents }) => documents),
    findings: read.flatMap(({ findings }) => findings),
  };
}

function expanded(file: string, text: string, document: Document.Parsed, lines: LineCounter) {
  try {
    return { documents: [new SourceDocument(file, text, document, lines)], findings: [] };
  } catch (error) {
    const what = messageOf(error);
    const line = lines.linePos(document.range[0]).line;
    return { documents: [], findings: [{ rule: 'yaml-aliases' as const, file, line, what }] };
  }
}

function problemsOf(file: string, document: Document.Parsed, lineAt: (offset: number) => number): Finding[] {
  const wrong = [...document.errors, ...document.warnings].map(
    ({ message, pos }): Finding => ({ rule: 'yaml-syntax', file, line: lineAt(pos[0]), what: message }),
  );
  if (wrong.length > 0) return wrong;
  return repeatedKeys(document).map(
    ({ key, at }): Finding => ({
      rule: 'yaml-duplicate-key',
      file,
      line: lineAt(at),
      what: `key ${key} is there already: one of the two values would be dropped`,
    }),
  );
}

/** Steps of a place that is written `spec.containers[0]["a.b"]`. */
export function stepsOf(at: string): (string | number)[] {
  return [...at.matchAll(/\["(?<quoted>[^"]*)"\]|\[(?<index>\d+)\]|(?<name>[^.[\]]+)/g)].map(({ groups }) => {
    const { quoted, index, name } = groups ?? {};
    return index === undefined ? (quoted ?? name ?? '') : Number(index);
  });
}
