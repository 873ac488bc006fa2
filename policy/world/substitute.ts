import { isRecord } from '../closed/object.ts';

type Variables = Readonly<Record<string, unknown>>;

/** Variables that a Flux Kustomization sets in all its manifests. @param postBuild of its `spec`. */
export const variablesOf = (postBuild: unknown): Variables =>
  isRecord(postBuild) && isRecord(postBuild['substitute']) ? postBuild['substitute'] : {};

/**
 * Puts variables into a text; nothing is looked for where none is set. What has neither value nor default stays.
 * Source: Flux, post build variable substitution.
 */
export function substituted(text: string, values: Variables): string {
  if (Object.keys(values).length === 0) return text;
  return text.replaceAll(
    /\$\{(?<name>\w+)(?::?[-=](?<fallback>[^}]*))?\}/g,
    (whole, name: string, fallback?: string) => String(values[name] ?? fallback ?? whole),
  );
}

/** Whether a variable is left: no Flux Kustomization has set it, or none applies the text. */
export const isOpen = (text: string): boolean => text.includes('${');
