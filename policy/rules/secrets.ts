import { decryption } from '../../contract/secrets.ts';
import { isKubeObject, isRecord, type KubeObject, kindOf, nameOf } from '../closed/object.ts';
import { parseDocuments, type Source } from '../document/source-document.ts';
import type { Finding } from '../finding.ts';
import type { World, Written } from '../world/world.ts';
import type { App, Check, RuleContext } from './context.ts';
import { containersOf, podSpecs } from './pod-specs.ts';

/** How SOPS writes a value that it has encrypted. Source: SOPS, "encryption protocol". */
const ENCRYPTED = /^ENC\[[A-Z0-9_]+,/;
/** Variables and keys that hold a secret by their name. */
const SECRET_NAME =
  /(?:^|[_.-])(?:PASSWORD|PASSWD|PASS|SECRET|TOKEN|API[_-]?KEY|PRIVATE[_-]?KEY|ACCESS[_-]?KEY|CREDENTIALS?)$/i;
/** What stands for no secret: empty, a switch, a path, another variable. */
const HARMLESS = /^(?:|true|false|none|external|disabled|(?:file:\/\/)?\/.*|\$\(.*\))$/i;
/** Bits a character of a random text has; words and paths have less. */
const RANDOM_BITS = 3.8;

export const checkSecrets: Check = (context) => [
  ...secretsOf(context).flatMap(({ object, source }) => plainValues(object, source)),
  ...secretsOf(context)
    .filter(({ way }) => !context.also.includes(way[0] ?? ''))
    .flatMap((written) => undecryptable(written, context)),
  ...missing(context),
  ...variables(context),
  ...settings(context),
];

const secretsOf = ({ world }: RuleContext) =>
  world.objects.filter(({ object }) => kindOf(object) === 'Secret');

/** What a manifest has in plain text, wherever it is: also where nothing applies it. */
export function plainFields(file: string, text: string): Finding[] {
  return parseDocuments(file, text).documents.flatMap((source) =>
    isKubeObject(source.value) && kindOf(source.value) === 'Secret' ? plainValues(source.value, source) : [],
  );
}

function plainValues(object: KubeObject, source: Source): Finding[] {
  const { file } = source;
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

/** An encrypted Secret that the box's Flux could not decrypt. Who applies an app of no site, nobody knows yet. */
function undecryptable({ object, source, file, way }: Written, { world }: RuleContext): Finding[] {
  if (!isEncrypted(object)) return [];
  const name = object.metadata?.name ?? '';
  const refuse = (what: string): Finding[] => [{ rule: 'secret-sops', file, line: source.lineOf([]), what }];
  const { sops } = object;
  if (!isRecord(sops) || !Array.isArray(sops['age']) || sops['age'].length === 0)
    return refuse(`Secret ${name} has values of SOPS and no recipient of age`);
  // The way ends in the Kustomization, its folder, and the object.
  const applying = world.kustomizations.find(({ written }) => nameOf(written.object) === way.at(-3));
  if (applying === undefined) return refuse(`Secret ${name} is applied by nothing that decrypts`);
  const { spec } = applying.written.object;
  const { provider, secretRef } = isRecord(spec) && isRecord(spec['decryption']) ? spec['decryption'] : {};
  const { name: reference } = isRecord(secretRef) ? secretRef : {};
  return provider === 'sops' && reference === decryption.secret
    ? []
    : refuse(`Kustomization ${applying.name} applies Secret ${name} and does not decrypt it`);
}

function isEncrypted(object: KubeObject): boolean {
  return ['data', 'stringData']
    .flatMap((field) => (isRecord(object[field]) ? Object.values(object[field]) : []))
    .some((value) => typeof value === 'string' && ENCRYPTED.test(value));
}

/** Secrets that an app of the site asks for: those of a component only where the site has that. */
export const askedFor = ({ folder, content }: Pick<App, 'folder' | 'content'>, { files }: World) =>
  content.secrets.filter(
    ({ component }) => component === undefined || files.has(`${folder}/${component}/kustomization.yaml`),
  );

/** Secrets that an app of the site asks for, and nothing applies. */
function missing({ world, also, apps, site }: RuleContext): Finding[] {
  const applied = new Set(
    world.objects
      .filter(({ object }) => kindOf(object) === 'Secret')
      .map(({ object }) => `${object.metadata?.namespace}/${object.metadata?.name}`),
  );
  return apps
    .filter(({ folder }) => world.folders.has(folder) && !also.includes(folder))
    .flatMap(({ file, folder, content }) =>
      askedFor({ folder, content }, world)
        .filter(({ name, optional }) => !optional && !applied.has(`${content.name}/${name}`))
        .map(({ name }): Finding => {
          const what = `${content.name} needs Secret ${name}, and nothing of ${site.name} applies it`;
          return { rule: 'secret-missing', file, what };
        }),
    );
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
