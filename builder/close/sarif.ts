import {
  type CpiabError,
  type ErrorCode,
  type ErrorKind,
  errors,
  parameterNames,
} from '../../contract/errors.ts';

/**
 * Findings as SARIF, for code review tools.
 * Source: SARIF 2.1.0 (OASIS).
 * @param version of CPiaB.
 */
export function sarif(findings: readonly CpiabError[], version: string): object {
  const codes = [...new Set(findings.map(({ code }) => code))].toSorted();
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'cpiab', version, rules: codes.map(rule) } },
        results: findings.map((finding) => ({
          ruleId: `CPIAB-${finding.code}`,
          level: 'error',
          message: { text: `${finding.message}. ${finding.hint}` },
          locations: [{ physicalLocation: location(finding.subject) }],
        })),
      },
    ],
  };
}

function rule(code: ErrorCode): object {
  const kind: ErrorKind = errors[code];
  const args = parameterNames(kind.says).map((name) => `<${name}>`);
  return { id: `CPIAB-${code}`, shortDescription: { text: kind.says(...args) } };
}

/** A subject is a file with or without a line, or a thing of the site, which then has no line. */
function location(subject: string): object {
  const { file = subject, line } = /^(?<file>.+?):(?<line>\d+)$/.exec(subject)?.groups ?? {};
  return {
    artifactLocation: { uri: encodeURI(file) },
    ...(line !== undefined && { region: { startLine: Number(line) } }),
  };
}
