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

/** Where Alertmanager is, as the app of the same name has it. */
export const alertmanager = { namespace: 'alertmanager', service: 'alertmanager', port: 9093 } as const;

/** What Alertmanager holds, as the box tells it; the worst first, then the oldest. */
export const AlertsStatusSchema = z.strictObject({
  firing: z.array(
    z.strictObject({
      name: z.string(),
      severity: z.string(),
      /** What it is about, in a sentence. */
      summary: z.string(),
      /** Section of a page in Git that says what to do; empty where it names none. */
      runbook: z.string(),
      /** RFC 3339. */
      since: z.string(),
      /** Whether somebody silenced it, or a worse one keeps it back. */
      suppressed: z.boolean(),
    }),
  ),
  /** Why Alertmanager could not be asked, or empty. */
  problem: z.string(),
});
export type AlertsStatus = z.infer<typeof AlertsStatusSchema>;
