import { posix } from 'node:path';
import { isRecord, kindOf } from '../closed/object.ts';
import { parseDocuments } from '../document/source-document.ts';
import type { Finding } from '../finding.ts';
import type { RuleName } from '../rules.ts';
import type { FluxKustomization, Written } from '../world/world.ts';
import { type App, appOf, type Check, type RuleContext } from './context.ts';
import { checkMedia } from './media.ts';
import { inner } from './pod-specs.ts';

const APP_FOLDER = /^cluster\/kubernetes\/(?:platform|apps)\/[^/]+(?=\/)/;

/** One app, one folder, one name. Needs the text of each app.yaml for its lines. */
export async function checkApps(context: RuleContext): Promise<Finding[]> {
  const { apps, tree } = context;
  const texts = await tree.read(apps.map(({ file }) => file));
  const found = apps.flatMap((app, index) => {
    const [source] = parseDocuments(app.file, texts[index] ?? '').documents;
    const refuse: Refuse = (rule, key, what) => ({
      rule,
      file: app.file,
      line: source?.lineOf([key]) ?? 1,
      what,
    });
    return [
      ...ofName(app, refuse),
      ...ofSet(app, context, refuse),
      ...ofHealth(app, context, refuse),
      ...checkMedia(app, context, (key, what) => refuse('app-media', key, what)),
    ];
  });
  return [...found, ...undescribed(context)];
}

type Refuse = (rule: RuleName, key: string, what: string) => Finding;

function ofName({ folder, content: { name } }: App, refuse: Refuse): Finding[] {
  if (!APP_FOLDER.test(`${folder}/`) || posix.basename(folder) === name) return [];
  return [refuse('app-folder', 'name', `is called ${name}, and its folder ${posix.basename(folder)}`)];
}

/** A site's own Git may have no bundle sets: then there is nothing to compare with. */
function ofSet({ content: { bundle } }: App, { sets }: RuleContext, refuse: Refuse): Finding[] {
  if (sets.length === 0 || sets.some(({ name }) => name === bundle)) return [];
  return [refuse('app-folder', 'bundle', `names bundle set ${bundle}, which is not there`)];
}

/** Folders of apps that have manifests and no app.yaml. */
function undescribed({ tree, paths }: RuleContext): Finding[] {
  const folders = tree.entries.flatMap(({ path }) =>
    /\.ya?ml$/.test(path) ? (APP_FOLDER.exec(path) ?? []) : [],
  );
  return [...new Set(folders)]
    .filter((folder) => !paths.isFile(`${folder}/app.yaml`))
    .map((folder): Finding => ({ rule: 'app-folder', file: folder, what: 'has no app.yaml' }));
}

/** What tells that an app works must be among what it applies; of an app that nobody applies nothing is known. */
function ofHealth({ folder, content: { health } }: App, { world }: RuleContext, refuse: Refuse): Finding[] {
  if (!world.folders.has(folder)) return [];
  const own = world.objects.filter(({ partial, way }) => !partial && way.includes(folder));
  const named = (kind: string, name: string) =>
    own.filter(({ object }) => kindOf(object) === kind && object.metadata?.name === name);
  const lacks = (what: string) => [refuse('app-health', 'health', `asks ${what}, which it does not have`)];
  if ('deployment' in health)
    return named('apps/Deployment', health.deployment).length === 0
      ? lacks(`Deployment ${health.deployment}`)
      : [];
  const services = named('Service', health.service);
  if (services.length === 0) return lacks(`Service ${health.service}`);
  return services.flatMap(portsOf).includes(health.port)
    ? []
    : lacks(`port ${health.port} of Service ${health.service}`);
}

function portsOf({ object }: Written): unknown[] {
  const { ports } = inner(object, 'spec');
  return Array.isArray(ports)
    ? ports.map((port: unknown) => (isRecord(port) ? port['port'] : undefined))
    : [];
}

/** What works without the Internet must not wait for what does not. */
export const checkInternet: Check = ({ world: { kustomizations }, apps }) => {
  const byName = new Map(kustomizations.map((one) => [one.name, one]));
  const required = kustomizations.filter((one) => !isOptional(one, apps));
  return [
    ...kustomizations.filter((one) => isOptional(one, apps)).flatMap(heldRoot),
    ...required.flatMap(({ name, written: { object, source, file } }) => {
      const { dependsOn } = inner(object, 'spec');
      if (!Array.isArray(dependsOn)) return [];
      return dependsOn.flatMap((item: unknown, index): Finding[] => {
        const other = isRecord(item) ? String(item['name']) : '';
        const found = byName.get(other);
        if (found === undefined || !isOptional(found, apps)) return [];
        const what = `${name} waits for ${other}, which is of no use offline`;
        return [{ rule: 'internet-gate', file, line: source.lineOf(['spec', 'dependsOn', index]), what }];
      });
    }),
  ];
};

/** Whether it applies an app that is of no use offline. */
export function isOptional({ written: { object } }: FluxKustomization, apps: readonly App[]): boolean {
  const { path } = inner(object, 'spec');
  return typeof path === 'string' && appOf(posix.join(path, 'x'), apps)?.content.internet === 'optional';
}

/** The root waits until each Kustomization is ready: one that waits for the Internet would hold it for ever. */
function heldRoot({ name, written: { object, source, file } }: FluxKustomization): Finding[] {
  if (inner(object, 'spec')['wait'] !== true) return [];
  const what = `${name} is of no use offline and says \`wait: true\`, so the root waits for it`;
  return [{ rule: 'internet-gate', file, line: source.lineOf(['spec', 'wait']), what }];
}
