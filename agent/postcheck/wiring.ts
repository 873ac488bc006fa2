import { z } from 'zod';
import { messageOf } from '../../contract/message-of.ts';
import type { Look } from './look.ts';
import { counted, fail, notApplicable, type Outcome, passUnless } from './outcome.ts';
import { patient } from './patient.ts';
import { proxied, settled } from './service.ts';

/** Name of the port where a Service tells how its app's settings are. */
const PORT = 'wiring';
/** A pass follows a change within seconds; one that has nothing to do comes after five minutes. */
const SETTLED_MS = patient(60_000);

/** To what an app answered so; null where it did not. */
const AnswerSchema = z.looseObject({ method: z.string(), path: z.string(), status: z.int() });
/** As much of a report of `media-wiring/` as is looked at. */
const ReportSchema = z.looseObject({
  apps: z.array(
    z.looseObject({
      app: z.string(),
      state: z.string(),
      changes: z.array(z.looseObject({ what: z.string() })),
      problem: z
        .looseObject({ says: z.string(), todo: z.string(), answer: AnswerSchema.nullish() })
        .nullable(),
    }),
  ),
});
type AppReport = z.infer<typeof ReportSchema>['apps'][number];

interface Service {
  metadata: { name: string; namespace: string };
  spec: { ports?: { name?: string; port: number }[] };
}

/** Asks each program that keeps apps as Git has them what its last pass left to do. */
export async function checkWiring(look: Look, limitMs = SETTLED_MS): Promise<Outcome> {
  const { items } = await look.kube.get<{ items: Service[] }>('/api/v1/services', look.signal);
  const places = items.flatMap(({ metadata: { name: service, namespace }, spec: { ports = [] } }) =>
    ports.filter(({ name }) => name === PORT).map(({ port }) => ({ namespace, service, port })),
  );
  if (places.length === 0) return notApplicable('no app of the site has its settings in Git');
  const ask = async (): Promise<Outcome> => {
    const reports = await Promise.all(
      places.map(async (place) =>
        ReportSchema.parse(await look.kube.get(proxied(place, '/report'), look.signal)),
      ),
    );
    const apps = reports.flatMap((report) => report.apps);
    return passUnless(apps.flatMap(leftOf), `${counted(apps.length, 'app')} as Git says`);
  };
  const told = () => ask().catch((error: unknown) => fail(`no report: ${messageOf(error)}`));
  return await settled(told, ({ result }) => result === 'pass', limitMs, look.signal);
}

function leftOf({ app, changes, problem }: AppReport): string[] {
  if (problem !== null) {
    const { says, todo, answer } = problem;
    const asked = answer ? `${answer.method} ${answer.path}: ${answer.status}: ` : '';
    return [`${app}: ${asked}${says}; ${todo}`];
  }
  return changes.length === 0 ? [] : [`${app}: just changed ${changes.map(({ what }) => what).join(', ')}`];
}
