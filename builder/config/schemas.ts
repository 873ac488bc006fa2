import { z } from 'zod';
import { AlertRulesSchema } from '../../contract/alerts.ts';
import { AppSchema } from '../../contract/app.ts';
import { AppListSchema } from '../../contract/app-list.ts';
import { AssessmentSchema, MachineFactsSchema } from '../../contract/assess.ts';
import { AuditReportSchema } from '../../contract/audit.ts';
import { AuditLogSchema } from '../../contract/audit-log.ts';
import { BuildReportSchema } from '../../contract/build-report.ts';
import { BundleSetSchema } from '../../contract/bundle-set.ts';
import { CargoManifestSchema } from '../../contract/cargo.ts';
import { CheckReportSchema } from '../../contract/check-report.ts';
import { ChunkIndexSchema } from '../../contract/chunk-index.ts';
import { DashboardSchema } from '../../contract/dashboard.ts';
import { DeltaSchema } from '../../contract/delta.ts';
import { DrillReportSchema } from '../../contract/drill/report.ts';
import { ScenarioSchema } from '../../contract/drill/scenario.ts';
import { ImageRecipeSchema } from '../../contract/image.ts';
import { InventorySchema } from '../../contract/inventory.ts';
import { KnownSecretsSchema } from '../../contract/known-secrets.ts';
import { LockSchema } from '../../contract/lock.ts';
import { LockDriftSchema } from '../../contract/lock-drift.ts';
import { ManifestSchema } from '../../contract/manifest.ts';
import { OutdatedSchema } from '../../contract/outdated.ts';
import { PostcheckReportSchema } from '../../contract/postcheck.ts';
import { PreflightSchema } from '../../contract/preflight.ts';
import { ProgramsSchema } from '../../contract/programs.ts';
import { KeyRotationSchema } from '../../contract/rotation.ts';
import { SeedSchema } from '../../contract/seed.ts';
import { SiteSchema } from '../../contract/site.ts';
import { ProjectStatusSchema } from '../../contract/stage.ts';
import { BoxStatusSchema } from '../../contract/status.ts';

/** Documents that people or other programs read and write: file name in `config/schema` → schema. */
const documents = {
  alerts: AlertRulesSchema,
  app: AppSchema,
  'app-list': AppListSchema,
  assessment: AssessmentSchema,
  'audit-log': AuditLogSchema,
  'audit-report': AuditReportSchema,
  'box-status': BoxStatusSchema,
  'build-report': BuildReportSchema,
  'bundle-manifest': ManifestSchema,
  'bundle-set': BundleSetSchema,
  'cargo-manifest': CargoManifestSchema,
  'check-report': CheckReportSchema,
  'chunk-index': ChunkIndexSchema,
  dashboard: DashboardSchema,
  delta: DeltaSchema,
  drill: ScenarioSchema,
  'drill-report': DrillReportSchema,
  'image-recipe': ImageRecipeSchema,
  inventory: InventorySchema,
  'key-rotation': KeyRotationSchema,
  'known-secrets': KnownSecretsSchema,
  lock: LockSchema,
  'lock-drift': LockDriftSchema,
  'machine-facts': MachineFactsSchema,
  outdated: OutdatedSchema,
  postcheck: PostcheckReportSchema,
  preflight: PreflightSchema,
  programs: ProgramsSchema,
  'project-status': ProjectStatusSchema,
  seed: SeedSchema,
  site: SiteSchema,
};

/** JSON Schema (draft 2020-12) of every document, by path below the repository, as the files' text. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    Object.entries(documents).map(([name, schema]) => {
      const json = z.toJSONSchema(schema, { io: 'input' });
      return [`config/schema/${name}.json`, `${JSON.stringify(json, null, 2)}\n`];
    }),
  );
}
