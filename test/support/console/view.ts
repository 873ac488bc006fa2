import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startTestApi, type TestApi } from '../api.ts';
import { scenes } from './scenes.ts';

/** A scene's console in a browser, with what went wrong in it. */
export interface View {
  api: TestApi;
  page: Page;
  /** Every address that was asked for. */
  asked: string[];
  /** What the browser complained about: scripts, policies, missing files. */
  complaints: string[];
  close(): Promise<void>;
}

export interface Look {
  scheme?: 'light' | 'dark';
  width?: number;
  height?: number;
  /** Whether the browser shows the operator's certificate. */
  operator?: boolean;
  /** What the box has besides the scene. */
  prepare?: (api: TestApi) => Promise<void>;
}

/** Opens the console of a box in a scene, and waits until it shows it. */
export async function openView(
  browser: Browser,
  name: string,
  { scheme = 'light', width = 1200, height = 900, operator = false, prepare }: Look = {},
): Promise<View> {
  const make = scenes[name];
  if (make === undefined) throw new Error(`no scene ${name}`);
  const { report, documents, audit } = make();
  const api = await startTestApi(() => undefined, { ...documents, report });
  for (const event of audit) await api.audit.record(event);
  await prepare?.(api);
  const { certificate, key } = api.operator;
  const shown = { origin: api.url, cert: Buffer.from(certificate), key: Buffer.from(key) };
  const context = await browser.newContext({
    ...(operator && { clientCertificates: [shown] }),
    // The certificate is the box's own; a person compares its key with the console's.
    ignoreHTTPSErrors: true,
    colorScheme: scheme,
    viewport: { width, height },
  });
  const page = await context.newPage();
  const asked: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${api.url}/`);
  await page.getByText('live', { exact: true }).waitFor();
  return {
    ...{ api, page, asked, complaints },
    close: async () => {
      await context.close();
      await api.close().catch(() => {});
    },
  };
}

/** Keeps a picture when `CPIAB_SCREENSHOTS` names a directory: the documentation's are made so. */
export async function picture(page: Page, name: string): Promise<void> {
  const directory = process.env['CPIAB_SCREENSHOTS'];
  if (directory === undefined) return;
  await mkdir(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`) });
}
