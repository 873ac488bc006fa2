import { z } from 'zod';

/** What Grafana counts so that each point of a picture is made of some samples. Others of its variables are refused. */
export const rateInterval = '$__rate_interval';

/**
 * A dashboard: Grafana's own JSON model, which Grafana reads as it is. Of it, the box's console draws what is named here;
 * what else Grafana knows may stand beside it. Source: Grafana, JSON model of dashboards; `unit` of its units.
 */
export const DashboardSchema = z.looseObject({
  /** Also the name under which the console finds it. */
  uid: z.string().regex(/^[a-z0-9-]{1,40}$/),
  title: z.string().min(1),
  panels: z.array(
    z.looseObject({
      type: z.string(),
      title: z.string().min(1),
      description: z.string().optional(),
      /** Of 24 columns. */
      gridPos: z.looseObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
      fieldConfig: z
        .looseObject({
          defaults: z
            .looseObject({
              unit: z.string().optional(),
              min: z.number().optional(),
              max: z.number().optional(),
              /** What stands there when nothing is found, of a panel for which that is no fault. */
              noValue: z.string().optional(),
            })
            .default({}),
        })
        .default({ defaults: {} }),
      targets: z
        .array(
          z.looseObject({
            /** PromQL, where the panel's data source is Prometheus. */
            expr: z.string().optional(),
            /** `{{label}}` is put in. */
            legendFormat: z.string().optional(),
          }),
        )
        .default([]),
      /** Which kind of data it asks for; Prometheus where it does not say. */
      datasource: z.looseObject({ type: z.string().optional() }).default({}),
    }),
  ),
});
export type Dashboard = z.infer<typeof DashboardSchema>;
export type Panel = Dashboard['panels'][number];

/** A panel's queries that Prometheus answers. */
export const queriesOf = ({ datasource, targets }: Panel): string[] =>
  (datasource.type ?? 'prometheus') === 'prometheus' ? targets.flatMap(({ expr }) => expr ?? []) : [];

/** `dashboard.json` of an app; one that has several names the others `dashboard-<what>.json`. */
export const dashboardFile = /^cluster\/(?:.*\/)?dashboard(?:-[a-z0-9-]+)?\.json$/;

/** Where Prometheus is, as the app of the same name has it. */
export const prometheus = { namespace: 'prometheus', service: 'prometheus', port: 9090 } as const;

/** Over how many hours the console draws. */
export const dashboardHours = [1, 6, 24, 168] as const;
export type DashboardHours = (typeof dashboardHours)[number];

const document = <const Kind extends string>(kind: Kind) => ({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal(kind),
});

/** `GET /v1/dashboards`: those of the apps that the site runs. */
export const DashboardListSchema = z.strictObject({
  ...document('DashboardList'),
  dashboards: z.array(z.strictObject({ uid: z.string(), title: z.string() })),
});
export type DashboardList = z.infer<typeof DashboardListSchema>;

/** `GET /v1/dashboard?uid=UID&hours=N`: what a dashboard shows, ready to be drawn. */
export const DashboardDataSchema = z.strictObject({
  ...document('DashboardData'),
  uid: z.string(),
  title: z.string(),
  /** Of the first value, in seconds since the epoch; each next one is `step` seconds later. */
  start: z.int(),
  step: z.int().positive(),
  panels: z.array(
    z.strictObject({
      type: z.enum(['timeseries', 'stat']),
      title: z.string(),
      description: z.string(),
      unit: z.string(),
      min: z.number().nullable(),
      max: z.number().nullable(),
      /** What to show when there is no series; null where that is a fault. */
      noValue: z.string().nullable(),
      /** Of 24 columns. */
      width: z.int(),
      series: z.array(z.strictObject({ name: z.string(), values: z.array(z.number().nullable()) })),
      /** Series that there are besides. */
      more: z.int().nonnegative(),
      /** Why there is nothing to draw, or empty. */
      problem: z.string(),
    }),
  ),
});
export type DashboardData = z.infer<typeof DashboardDataSchema>;
