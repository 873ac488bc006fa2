import { z } from 'zod';

/** `alerts.yaml` of an app: rules as Prometheus reads them. Source: Prometheus, alerting and recording rules. */
export const AlertRulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      interval: z.string().optional(),
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          keep_firing_for: z.string().optional(),
          labels: z.looseObject({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.looseObject({
            summary: z.string(),
            /** A section of a page below `docs/`, in the same repository: an address outside would be of no use. */
            runbook: z.string().regex(/^docs\/[\w./-]+\.md#[\w-]+$/, 'expected docs/PAGE.md#SECTION'),
          }),
        }),
      ),
    }),
  ),
});

export const alertsFile = /^cluster\/(?:.*\/)?alerts\.yaml$/;
