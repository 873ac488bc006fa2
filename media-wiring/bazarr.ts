import { z } from 'zod';
import { Api } from './api.ts';
import { type Change, type Changes, compare } from './change.ts';
import type { Config } from './config.ts';
import type { Secrets } from './secrets.ts';

// Bazarr publishes no description of its API. Source: its bazarr/api/system/settings.py and bazarr/app/config.py.
const SettingsSchema = z.record(z.string(), z.record(z.string(), z.unknown()));
const PATH = '/api/system/settings';

export async function* wireBazarr(declared: NonNullable<Config['bazarr']>, secrets: Secrets): Changes {
  const api = new Api('bazarr', declared.url, secrets.value(declared.apiKey.secret));
  const there = SettingsSchema.parse(await api.get(PATH));
  const changes: Change[] = [];
  const form: Record<string, string> = {};
  for (const [section, settings] of Object.entries(declared.settings)) {
    const { differs } = compare(settings, secrets, (key) => there[section]?.[key]);
    if (differs.length === 0) continue;
    changes.push({ action: 'changed', what: `settings of ${section}`, settings: differs });
    for (const [key, value] of Object.entries(secrets.resolve(settings))) {
      form[`settings-${section}-${key}`] = String(value);
    }
  }
  if (changes.length > 0) await api.form(PATH, form);
  yield* changes;
}
