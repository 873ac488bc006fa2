import { z } from 'zod';
import { AppNameSchema } from './app.ts';

/** Where an operator has an app backed up or restored by itself: `POST` with what is to be done. */
export const appBackupPath = (app: string) => `/v1/apps/${app}/backup`;

/** The app that a path is about; null for another path. */
export function appOfPath(path: string): string | null {
  const name = /^\/v1\/apps\/(?<name>[^/]+)\/backup$/.exec(path)?.groups?.['name'];
  return AppNameSchema.safeParse(name).data ?? null;
}

/** The CronJob of an app that has backups, the container that makes them, and the one that stops the app meanwhile. */
export const appBackup = {
  cronJob: 'backup',
  container: 'backup',
  hold: 'hold',
  label: 'app.kubernetes.io/name=backup',
};

export const AppBackupRequestSchema = z.discriminatedUnion('work', [
  z.strictObject({ work: z.enum(['backup', 'list']) }),
  z.strictObject({
    work: z.literal('restore'),
    /** As `list` shows it. */
    snapshot: z
      .string()
      .regex(/^(?:latest|[0-9a-f]{8,64})$/, 'expected `latest` or what `cpiab app backup --list` shows'),
  }),
]);
export type AppBackupRequest = z.infer<typeof AppBackupRequestSchema>;

/** What became of it. */
export const AppBackupResultSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('AppBackupResult'),
  app: z.string(),
  /** Name of the Job, in the app's namespace. */
  job: z.string(),
  /** What restic said. */
  log: z.string(),
});
export type AppBackupResult = z.infer<typeof AppBackupResultSchema>;
