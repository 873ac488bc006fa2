import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { type Asked, HouseApp, notFound, type Told } from './house.ts';

const done: Told = { status: 204 };
const refused: Told = { status: 401 };
const StartupUserSchema = z.strictObject({ Name: z.string(), Password: z.string().min(1) });
const WhoSchema = z.strictObject({ Username: z.string(), Pw: z.string() });
const PathSchema = z.strictObject({ Name: z.string(), PathInfo: z.strictObject({ Path: z.string() }) });
const BEFORE = ['/System/Info/Public', '/Users/AuthenticateByName'];

interface Folder {
  Name: string;
  Locations: string[];
  CollectionType: string;
  ItemId: string;
}

/** Shapes and order of Jellyfin's OpenAPI description and of its StartupController; a folder that is not there is refused. */
export class Jellyfin extends HouseApp {
  folders: Folder[] = [];
  configuration: Record<string, unknown> = { UICulture: 'en-US', MetadataCountryCode: 'US', CachePath: '' };
  user: { name: string; password: string } | null = null;
  isSetUp = false;
  logins = 0;
  readonly #tokens = new Set<string>();
  readonly #paths: readonly string[];

  constructor(paths: readonly string[]) {
    super('', (asked) => this.#told(asked), refused);
    this.#paths = paths;
  }

  protected override knows({ authorization = '' }: IncomingHttpHeaders): boolean {
    return this.#tokens.has(/Token="([^"]*)"/.exec(authorization)?.[1] ?? '');
  }

  protected override isOpen(path: string): boolean {
    return BEFORE.includes(path) || (!this.isSetUp && path.startsWith('/Startup/'));
  }

  /** Tokens of before open nothing. */
  forget(): void {
    this.#tokens.clear();
  }

  #told({ method, path, body }: Asked): Told {
    const { pathname, searchParams } = new URL(path, this.url);
    const value: unknown = body === '' ? null : JSON.parse(body);
    switch (`${method} ${pathname}`) {
      case 'GET /System/Info/Public':
        return { status: 200, body: { StartupWizardCompleted: this.isSetUp, Version: '10.11.11' } };
      case 'GET /Startup/User':
        this.user ??= { name: 'root', password: '' };
        return { status: 200, body: { Name: this.user.name } };
      case 'POST /Startup/User':
        return this.#name(StartupUserSchema.parse(value));
      case 'POST /Startup/Complete':
        this.isSetUp = true;
        return done;
      case 'POST /Users/AuthenticateByName':
        return this.#logIn(WhoSchema.parse(value));
      case 'GET /Users/Me':
        return { status: 200, body: { Name: this.user?.name } };
      case 'GET /System/Configuration':
        return { status: 200, body: this.configuration };
      case 'POST /System/Configuration':
        this.configuration = z.record(z.string(), z.unknown()).parse(value);
        return done;
      case 'GET /Library/VirtualFolders':
        return { status: 200, body: this.folders };
      case 'POST /Library/VirtualFolders':
        return this.#add(searchParams);
      case 'POST /Library/VirtualFolders/Paths':
        return this.#addPath(PathSchema.parse(value));
    }
    return notFound;
  }

  #name({ Name, Password }: z.infer<typeof StartupUserSchema>): Told {
    // There is none to be named before it was asked for.
    if (this.user === null) return { status: 500 };
    this.user = { name: Name, password: Password };
    return done;
  }

  #logIn({ Username, Pw }: z.infer<typeof WhoSchema>): Told {
    if (Username !== this.user?.name || Pw !== this.user.password) return refused;
    this.logins += 1;
    const token = `token-${this.logins}`;
    this.#tokens.add(token);
    return { status: 200, body: { AccessToken: token, User: { Name: Username }, ServerId: 'home' } };
  }

  #add(query: URLSearchParams): Told {
    const [Name = '', CollectionType = ''] = [query.get('name') ?? '', query.get('collectionType') ?? ''];
    const Locations = (query.get('paths') ?? '').split(',');
    if (!Locations.every((path) => this.#paths.includes(path))) return notFound;
    this.folders.push({ Name, CollectionType, Locations, ItemId: `id-${Name}` });
    return done;
  }

  #addPath({ Name, PathInfo }: z.infer<typeof PathSchema>): Told {
    this.folders.find((folder) => folder.Name === Name)?.Locations.push(PathInfo.Path);
    return done;
  }
}
