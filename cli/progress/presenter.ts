import type { Presenter, PresentOptions, ProgressForm } from './form.ts';

/** Shows what a command reports about its work. */
export async function presenter(
  form: ProgressForm,
  stream: NodeJS.WriteStream,
  options: PresentOptions,
): Promise<Presenter> {
  const forms = {
    live: async () => (await import('./live.ts')).live,
    plain: async () => (await import('./plain.ts')).plain,
    json: async () => (await import('./json.ts')).json,
  };
  const make = await forms[form]();
  return make(stream, options);
}
