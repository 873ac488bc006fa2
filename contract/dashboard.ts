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
type Panel = z.infer<typeof DashboardSchema>['panels'][number];

/** A panel's queries that Prometheus answers. */
export const queriesOf = ({ datasource, targets }: Panel): string[] =>
  (datasource.type ?? 'prometheus') === 'prometheus' ? targets.flatMap(({ expr }) => expr ?? []) : [];

/** `dashboard.json` of an app; one that has several names the others `dashboard-<what>.json`. */
export const dashboardFile = /^cluster\/(?:.*\/)?dashboard(?:-[a-z0-9-]+)?\.json$/;
