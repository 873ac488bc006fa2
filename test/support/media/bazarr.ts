import { type Asked, HouseApp, notFound, type Told } from './house.ts';

/** Its settings come as a form, and as JSON with types: bazarr/api/system/settings.py and bazarr/app/config.py. */
export class Bazarr extends HouseApp {
  settings: Record<string, Record<string, unknown>> = {
    general: { use_sonarr: false, use_radarr: false, port: 6767 },
    sonarr: { ip: '127.0.0.1', port: 8989, base_url: '/', ssl: false, apikey: '' },
    radarr: { ip: '127.0.0.1', port: 7878, base_url: '/', ssl: false, apikey: '' },
  };

  constructor(key: string) {
    super(key, (asked) => this.#told(asked), { status: 401 });
  }

  #told({ method, path, body }: Asked): Told {
    if (path !== '/api/system/settings') return notFound;
    if (method === 'GET') return { status: 200, body: this.settings };
    for (const [key, value] of new URLSearchParams(body)) {
      const [, section = '', name = ''] = key.split('-');
      const has = this.settings[section];
      if (has === undefined || !(name in has)) return { status: 500 };
      has[name] = typed(value);
    }
    return { status: 204 };
  }
}

function typed(value: string): unknown {
  if (/^\d+$/.test(value)) return Number(value);
  return value === 'true' || value === 'false' ? value === 'true' : value;
}
