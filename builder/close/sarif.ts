import {
  type CpiabError,
  type ErrorCode,
  type ErrorKind,
  errors,
  parameterNames,
} from '../../contract/errors.ts';
import { sarifLog } from '../../contract/sarif.ts';

/** Findings as SARIF: one rule for each code. @param version of CPiaB. */
export function sarif(findings: readonly CpiabError[], version: string): object {
  const codes = [...new Set(findings.map(({ code }) => code))].toSorted();
  const rules = codes.map((code) => ({ id: `CPIAB-${code}`, text: textOf(code) }));
  const results = findings.map(({ code, message, hint, subject }) => ({
    ruleId: `CPIAB-${code}`,
    text: `${message}. ${hint}`,
    ...placeOf(subject),
  }));
  return sarifLog(version, rules, results);
}

function textOf(code: ErrorCode): string {
  const kind: ErrorKind = errors[code];
  const args = parameterNames(kind.says).map((name) => `<${name}>`);
  return kind.says(...args);
}

/** A subject is a file with or without a line, or a thing of the site, which then has no line. */
function placeOf(subject: string) {
  const { file = subject, line } = /^(?<file>.+?):(?<line>\d+)$/.exec(subject)?.groups ?? {};
  return { file, line: line === undefined ? undefined : Number(line) };
}
