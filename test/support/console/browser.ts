import { type Browser, chromium } from 'playwright-core';
import { locate } from '../../../host/system-packages.ts';

/** It speaks to nobody but the page's own box. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where Chromium is; undefined, said aloud, where `cpiab test` could not install it. */
export async function findChromium(): Promise<string | undefined> {
  const path = await locate('chromium');
  if (path === undefined)
    process.stderr.write(
      '\nSKIPPED: no chromium here, so nobody has looked at the console (apt-get install chromium)\n\n',
    );
  return path;
}

/** A browser with a profile of its own. */
export async function openBrowser(executablePath: string, further: string[] = []): Promise<Browser> {
  return await chromium.launch({ executablePath, args: [...FLAGS, ...further], headless: true });
}
