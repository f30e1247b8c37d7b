import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's, then what others call it. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--force-color-profile=srgb',
];

/** Where a Chromium is; undefined: nowhere, and tests that need one are skipped. `PIVOT_CHROMIUM` names another. In CI there must be one. */
export function chromiumPath(): string | undefined {
  const named = process.env['PIVOT_CHROMIUM'];
  const found = named ?? PLACES.find((path) => existsSync(path));
  if (found === undefined && process.env['CI'] !== undefined)
    throw new Error('tests of the page need the Debian package chromium');
  return found;
}

/** A page as one person sees it, and what went wrong in it. */
export interface Viewer {
  readonly page: Page;
  /** Errors of scripts, messages of the console that tell of errors or of what the policy forbade, and requests to other hosts. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export interface TestBrowser {
  open(url: string, options?: BrowserContextOptions): Promise<Viewer>;
  close(): Promise<void>;
}

export async function startBrowser(executablePath: string): Promise<TestBrowser> {
  const home = await mkdtemp(join(tmpdir(), 'pivot-chromium-'));
  const browser: Browser = await chromium.launch({
    executablePath,
    headless: true,
    args: FLAGS,
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
  });
  return {
    async open(url, options = {}) {
      const context: BrowserContext = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
      });
      page.on('request', (request) => {
        if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`foreign request: ${request.url()}`);
      });
      await page.goto(url);
      return { page, complaints, close: () => context.close() };
    },
    async close() {
      await browser.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
