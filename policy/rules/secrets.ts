import { isRecord, kindOf } from '../closed/object.ts';
import type { Finding } from '../finding.ts';
import type { Written } from '../world/world.ts';
import type { Check, RuleContext } from './context.ts';
import { containersOf, podSpecs } from './pod-specs.ts';

/** How SOPS writes a value that it has encrypted. Source: SOPS, "encryption protocol". */
const ENCRYPTED = /^ENC\[[A-Z0-9_]+,/;
/** Variables and keys that hold a secret by their name. */
const SECRET_NAME =
  /(?:^|[_.-])(?:PASSWORD|PASSWD|PASS|SECRET|TOKEN|API[_-]?KEY|PRIVATE[_-]?KEY|ACCESS[_-]?KEY|CREDENTIALS?)$/i;
/** What stands for no secret: empty, a switch, a path, another variable. */
const HARMLESS = /^(?:|true|false|none|external|disabled|\/.*|\$\(.*\))$/i;
/** Bits a character of a random text has; words and paths have less. */
const RANDOM_BITS = 3.8;

export const checkSecrets: Check = (context) => [
  ...plainSecrets(context),
  ...variables(context),
  ...settings(context),
];

function plainSecrets({ world }: RuleContext): Finding[] {
  return world.objects.filter(({ object }) => kindOf(object) === 'Secret').flatMap(plainValues);
}

function plainValues({ object, source, file }: Written): Finding[] {
  return ['data', 'stringData'].flatMap((field) => {
    const values = object[field];
    if (!isRecord(values)) return [];
    return Object.entries(values)
      .filter(([, value]) => typeof value !== 'string' || !ENCRYPTED.test(value))
      .map(([key]): Finding => {
        const what = `Secret ${object.metadata?.name ?? ''} has ${key} in plain text`;
        return { rule: 'secret-plain', file, line: source.lineOf([field, key]), what };
      });
  });
}

function variables({ world }: RuleContext): Finding[] {
  return world.objects
    .flatMap(podSpecs)
    .flatMap(containersOf)
    .flatMap((container) => {
      const { env } = container.content;
      if (!Array.isArray(env)) return [];
      return env.flatMap((variable: unknown, index): Finding[] => {
        const { name, value } = isRecord(variable) ? variable : {};
        if (typeof name !== 'string' || typeof value !== 'string' || !isSecret(name, value)) return [];
        const { file, object } = container;
        const what = `variable ${name} of container ${container.name} has its secret in plain text`;
        return [{ rule: 'secret-env', file, line: container.lineOf('env', index), object, what }];
      });
    });
}

/** Keys of ConfigMaps. What is in a file of theirs is not looked at: its name says nothing of each line. */
function settings({ world }: RuleContext): Finding[] {
  return world.objects
    .filter(({ object }) => kindOf(object) === 'ConfigMap')
    .flatMap(({ object, source, file }) =>
      Object.entries(isRecord(object['data']) ? object['data'] : {}).flatMap(([key, value]): Finding[] => {
        if (typeof value !== 'string' || !SECRET_NAME.test(key) || HARMLESS.test(value)) return [];
        const name = `ConfigMap/${object.metadata?.name ?? ''}`;
        const line = source.lineOf(['data', key]);
        return [{ rule: 'secret-env', file, line, object: name, what: `${name} has ${key} in plain text` }];
      }),
    );
}

function isSecret(name: string, value: string): boolean {
  if (HARMLESS.test(value)) return false;
  return SECRET_NAME.test(name) || looksRandom(value);
}

/** Long, of letters and digits without words: Shannon's entropy of its characters. */
function looksRandom(value: string): boolean {
  if (!/^[A-Za-z0-9+/_=-]{24,}$/.test(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return false;
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  const bits = [...counts.values()].reduce(
    (sum, count) => sum - (count / value.length) * Math.log2(count / value.length),
    0,
  );
  return bits >= RANDOM_BITS;
}
