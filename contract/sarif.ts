/** A rule as SARIF's driver lists it. */
export interface SarifRule {
  id: string;
  /** What it refuses. */
  text: string;
}

/** Something that a rule found. */
export interface SarifResult {
  ruleId: string;
  text: string;
  /** A path below the repository, or a thing of the site, which then has no line. */
  file: string;
  line?: number | undefined;
}

/**
 * Results for code review tools.
 * Source: SARIF 2.1.0 (OASIS).
 * @param version of CPiaB.
 */
export function sarifLog(version: string, rules: readonly SarifRule[], results: readonly SarifResult[]) {
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'cpiab',
            version,
            rules: rules.map(({ id, text }) => ({ id, shortDescription: { text } })),
          },
        },
        results: results.map(({ ruleId, text, file, line }) => ({
          ruleId,
          level: 'error',
          message: { text },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: encodeURI(file) },
                ...(line !== undefined && { region: { startLine: line } }),
              },
            },
          ],
        })),
      },
    ],
  };
}
