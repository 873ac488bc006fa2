import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkYaml } from '../../../../contract/document/check-yaml.ts';
import { ScenarioSchema } from '../../../../contract/drill/scenario.ts';
import { CpiabError } from '../../../../contract/errors.ts';

const path = join(import.meta.dirname, '../../../../drills/bank-a-to-bank-b.yaml');
const text = await readFile(path, 'utf8');

/** What is said of the scenario after a change, which must change something. */
function mistake(from: string, to: string): string {
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  try {
    checkYaml(changed, ScenarioSchema, 'drill.yaml');
  } catch (error) {
    if (error instanceof CpiabError) return `${error.code} ${error.subject}: ${error.message}; ${error.hint}`;
    throw error;
  }
  return 'none';
}

describe('a scenario', () => {
  test('of this repository is one', () => {
    const { name, faults, limits } = checkYaml(text, ScenarioSchema, path).content;
    expect({ name, faults, lost: limits.lostWrites }).toEqual({
      name: 'bank-a-to-bank-b',
      faults: [],
      lost: 0,
    });
  });

  test('with an unknown key is refused with its place and the nearest key', () => {
    const said = mistake('lostWrites: 0', 'lostWrite: 0');
    expect(said).toMatch(
      /^E1001 drill\.yaml:\d+:3 limits\.lostWrite: unknown key; did you mean lostWrites\?/,
    );
  });

  test('whose banks share addresses is refused', () => {
    expect(mistake('10.102.0.0/24', '10.101.0.128/25')).toMatch(
      /banks\.b\.network: overlaps with 10\.101\.0\.0\/24 of bank a/,
    );
  });

  test('with a bank that lacks a service is refused', () => {
    expect(mistake('      files: { address: 10.102.0.23, runs: files }\n', '')).toMatch(
      /expected one host that runs files/,
    );
  });

  test.each([
    ['outside of its network', '10.102.0.21', '10.103.0.21'],
    ["that is the gateway's", '10.102.0.21', '10.102.0.1'],
    ['that another host has', '10.102.0.21', '10.102.0.20'],
  ])('with a host at an address %s is refused', (_, from, to) => {
    expect(mistake(from, to)).toMatch(/^E1002 drill\.yaml:\d+:\d+ banks\.b\.hosts\.web\.address/);
  });

  test('with a fault at a step that does not exist is refused', () => {
    expect(
      mistake('cutOverSeconds: 60', 'cutOverSeconds: 60\nfaults:\n  - { fault: kill, at: move.fences }'),
    ).toMatch(/faults\[0\]\.at: expected one of prepare\.banks/);
  });
});
