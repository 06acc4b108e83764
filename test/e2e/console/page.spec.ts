import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core';
import { CHROMIUM } from '../support/chromium';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';
import { printedBy } from './printed-by';
import { snapshotOf } from './snapshot-of';

const KEY = 'a-key-of-the-console-test';
const FOLDER = 'dist/console/page';
const MAX_BYTES = 200_000;
const AXE = readFileSync(
  createRequire(join(process.cwd(), 'package.json')).resolve('axe-core/axe.min.js'),
  'utf8',
);
/** How much wider the page is than its window. */
const OVERFLOW = 'document.documentElement.scrollWidth - innerWidth';
const STILL = { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' } as const;
const PHONE = { width: 360, height: 740 };

/** Playwright needs a path. */
const EXECUTABLE = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, CHROMIUM ?? ''))
  .find((path) => CHROMIUM !== undefined && existsSync(path));
const withChromium = CHROMIUM === undefined ? describe.skip : describe;
if (CHROMIUM === undefined) process.stderr.write('skipped: the console in a browser, which needs chromium\n');

it('the page is small, and brings the licences of what is in it', () => {
  const sizes = readdirSync(FOLDER).map((name) => gzipSync(readFileSync(join(FOLDER, name))).length);
  expect(sizes.length).toBe(4);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(MAX_BYTES);
  const licences = readFileSync(join(FOLDER, 'LICENSES.txt'), 'utf8');
  expect(licences).toMatch(/^preact .+ \(MIT\)$/m);
  expect(licences).toMatch(/^uplot .+ \(MIT\)$/m);
});

withChromium('in a browser', () => {
  const repository = new Repository().sample('digits').sample('language').sample('text-direction');
  let gateway: Gateway;
  let browser: Browser;
  let page: Page;
  /** Errors in the console of the page, and requests to other hosts. */
  let faults: string[];

  beforeAll(async () => {
    const env = { NEXUS_API_KEY: KEY, NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '*' };
    [gateway, browser] = await Promise.all([
      Gateway.start(repository, env),
      chromium.launch({ executablePath: EXECUTABLE!, args: ['--no-sandbox'] }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await tearDown(gateway, repository);
  });
  beforeEach(() => (faults = []));
  afterEach(async () => {
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.context().close();
    expect(faults).toEqual([]);
  });

  async function open(hash = '', options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({ ...STILL, ...options });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // Chromium logs every response with an error status; the tests that cause one look at what the page makes of it.
      const isFault = message.type() === 'error' && !message.text().startsWith('Failed to load resource');
      if (isFault) faults.push(message.text());
    });
    page.on('request', (request) => {
      const isOwn = /^(blob|data):/.test(request.url()) || request.url().startsWith(gateway.url);
      if (!isOwn) faults.push(request.url());
    });
    await page.goto(`${gateway.url}/${hash}`);
  }

  async function unlock(key = KEY): Promise<void> {
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Unlock' }).click();
  }

  async function opened(hash = '', options: BrowserContextOptions = {}): Promise<void> {
    await open(hash, options);
    await unlock();
    await page.getByText('Live', { exact: true }).waitFor();
  }

  const rowOf = (name: string): Locator =>
    page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
  const tryIt = (): Locator => page.getByRole('region', { name: 'Try it' });

  /** The call that the panel shows, as code. */
  async function codeOf(language: string): Promise<string> {
    await tryIt().getByText(language, { exact: true }).click();
    return tryIt().getByLabel(`The same call in ${language}`).innerText();
  }

  async function predict(model: string, body: object): Promise<void> {
    const headers = { authorization: `Bearer ${KEY}` };
    await gateway.fetch(`/v1/models/${model}/predict`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
  }

  it('asks for a key, and forgets it when it is loaded again', async () => {
    await open();
    await unlock('not-the-key-of-this-gateway');
    await page.getByRole('alert').getByText('key').waitFor();
    await unlock();
    await rowOf('digits').waitFor();
    const kept = await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]');
    expect(kept).toEqual([0, 0, '']);
    expect(page.url()).not.toContain(KEY);
    await page.reload();
    await page.getByLabel('API key').waitFor();
    await unlock();
    await page.getByRole('button', { name: 'Lock' }).click();
    await page.getByLabel('API key').waitFor();
    expect(await page.content()).not.toContain('digits');
  });

  it('shows the gateway, its models with their traffic, and errors with how to fix them', async () => {
    await opened();
    for (const name of ['digits', 'language']) await rowOf(name).getByText('Ready').waitFor();
    await page.getByRole('definition').getByText('MiB').first().waitFor();
    await predict('language', { inputs: { text: 'Guten Morgen' } });
    await predict('digits', { inputs: { image: [1, 2] } });
    await page.getByText('inputs.image[0]: expected an array').waitFor();
    await rowOf('language')
      .getByRole('cell', { name: /^0?\.\d+$/ })
      .first()
      .waitFor();
    const chart = page.getByRole('img', { name: /^Requests per second, last five minutes: requests [\d.<]/ });
    expect(await chart.isVisible()).toBe(true);
  });

  it('answers a digit that is drawn, and shows the call without the key', async () => {
    await opened('#/models/digits');
    const sheet = await tryIt().getByRole('application').boundingBox();
    const moveTo = (x: number, y: number) =>
      page.mouse.move(sheet!.x + x * sheet!.width, sheet!.y + y * sheet!.height, { steps: 6 });
    await moveTo(0.3, 0.2);
    await page.mouse.down();
    await moveTo(0.7, 0.2);
    await moveTo(0.45, 0.85);
    await page.mouse.up();
    await tryIt().getByText('label', { exact: true }).waitFor();
    expect(await tryIt().getByRole('strong').innerText()).toBe('7');
    await tryIt().getByRole('listitem').filter({ hasText: '%' }).first().waitFor();
    for (const [language, start] of [
      ['curl', `curl ${gateway.url}/v1/models/digits/predict`],
      ['TypeScript', 'const response = await fetch('],
      ['Python', 'import os\nimport requests'],
    ] as const) {
      const code = await codeOf(language);
      expect(code.startsWith(start)).toBe(true);
      expect(code).toContain('NEXUS_KEY');
      expect(code).not.toContain(KEY);
      if (language !== 'Python') expect(await printedBy(code, language, KEY)).toContain('label');
    }
  });

  it('answers a picture that is chosen, and a text with quotes, as the code does that it shows', async () => {
    await opened('#/models/text-direction');
    await tryIt().locator('input[type=file]').setInputFiles('models/text-direction/upside-down.png');
    await tryIt().getByText('Answered in').waitFor();
    expect(await tryIt().getByRole('listitem').first().innerText()).toMatch(/^upside-down\s+(9\d|100) %/);
    expect(await codeOf('curl')).toContain(
      "-H 'content-type: image/png' \\\n  --data-binary @upside-down.png",
    );
    await page.goto(`${gateway.url}/#/models/language`);
    await tryIt().getByLabel('Text').fill(`L'école "Jules Ferry" est fermée aujourd'hui.`);
    for (const language of ['curl', 'TypeScript'] as const)
      expect(await printedBy(await codeOf(language), language, KEY)).toMatch(/label"?: ?['"]fr/);
  });

  it('is drawn on with the keyboard, too', async () => {
    await opened('#/models/digits');
    await tryIt().getByRole('application').focus();
    for (const key of ['Space', ...Array<string>(8).fill('ArrowDown'), 'Space'])
      await page.keyboard.press(key);
    await tryIt().getByText('label', { exact: true }).waitFor();
    expect(await tryIt().getByRole('strong').innerText()).toMatch(/^\d$/);
  });

  it('answers a text, and shows what is wrong with a request as the API says it', async () => {
    await opened('#/models/language');
    await tryIt().getByLabel('Text').fill('Où est la gare ?');
    await tryIt().getByRole('button', { name: 'Run' }).click();
    await tryIt().getByRole('strong').getByText('fr').waitFor();
    await tryIt().getByRole('button', { name: 'JSON' }).click();
    await tryIt().getByLabel('Request').fill('{"inputs": {}}');
    await tryIt().getByRole('button', { name: 'Run' }).click();
    await tryIt().getByText('inputs.text: expected the input').waitFor();
    await tryIt().getByLabel('Request').fill('{"inputs"');
    await tryIt().locator('button:disabled', { hasText: 'Run' }).waitFor();
    expect(await tryIt().getByText('JSON at position').isVisible()).toBe(true);
  });

  it('unloads and loads a version once that is confirmed, and shows an error of the API', async () => {
    await opened('#/models/language');
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Unload version 1' }).click();
    await dialog.getByText('Requests that were accepted finish first').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Unload version 1' }).click();
    await dialog.getByRole('button', { name: 'Unload' }).click();
    await rowOf('1').getByText('Unloaded').waitFor();
    await tryIt().getByText('No version is ready').waitFor();
    await page.getByRole('button', { name: 'Load version 1' }).click();
    await dialog.getByRole('button', { name: 'Load' }).click();
    await rowOf('1').getByText('Ready').waitFor();
    await tryIt().getByRole('button', { name: 'Run' }).waitFor();

    await page.getByRole('button', { name: 'Roll back' }).click();
    await dialog.getByRole('button', { name: 'Roll back' }).click();
    await dialog.getByRole('alert').getByText('nothing to roll back').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await rowOf('1').getByText('Ready').isVisible()).toBe(true);
  });

  it.each([
    ['light', {}],
    ['dark', { colorScheme: 'dark' }],
    ['a phone', { viewport: PHONE, hasTouch: true }],
  ] satisfies [string, BrowserContextOptions][])('axe finds nothing serious: %s', async (_, options) => {
    await open('', options);
    await page.getByLabel('API key').waitFor();
    expect(await violations()).toEqual([]);
    await unlock();
    await rowOf('digits').waitFor();
    expect(await violations()).toEqual([]);
    expect(await page.evaluate(OVERFLOW)).toBe(0);
    await page.getByRole('link', { name: 'digits', exact: true }).first().click();
    await tryIt().getByRole('button', { name: 'Run' }).click();
    await tryIt().getByText('Answered in').waitFor();
    expect(await violations()).toEqual([]);
    expect(await page.evaluate(OVERFLOW)).toBe(0);
    await page.getByRole('button', { name: 'Unload model' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await violations()).toEqual([]);
  });

  it('starts with a link past its head, and names the page that is shown', async () => {
    await opened();
    expect(await page.evaluate(`document.querySelector('a, button, input').textContent`)).toBe(
      'Skip to content',
    );
    await page.getByRole('link', { name: 'Skip to content' }).focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByRole('link', { name: 'language', exact: true }).first().click();
    await page.getByRole('heading', { level: 1, name: 'language' }).waitFor();
    expect(await page.title()).toBe('language – Nexus console');
  });

  it('renders only the models in view, of thousands, and says when the gateway is gone', async () => {
    await open();
    await page.route('**/v1/console/events', async (route) => {
      const body = `event: snapshot\ndata: ${JSON.stringify(snapshotOf(1000))}\n\n`;
      await route.fulfill({ contentType: 'text/event-stream', body });
    });
    await unlock();
    await page.getByText('model-0000', { exact: true }).waitFor();
    await page.getByText('Disconnected').first().waitFor();
    const elements = () => page.evaluate<number>(`document.querySelectorAll('*').length`);
    const atStart = await elements();
    expect(atStart).toBeLessThan(1500);
    const list = page.getByRole('region', { name: 'Models' }).last();
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.getByText('model-0999', { exact: true }).waitFor();
    expect(await elements()).toBeLessThan(atStart + 100);
    expect(await list.getByRole('row').count()).toBeLessThan(60);
    await page.getByLabel('Search models').fill('0512');
    await page.getByText('1 of 1000').waitFor();
    await page.getByText('model-0512', { exact: true }).waitFor();
    expect(await list.getByRole('row').count()).toBe(2);
  });

  /** What axe finds that is serious or critical. */
  async function violations(): Promise<string[]> {
    // Evaluated rather than added as a script, which the policy of the page forbids.
    await page.evaluate(AXE);
    return page.evaluate(async () => {
      const { violations: found } = await (globalThis as any).axe.run();
      return found
        .filter(({ impact }: any) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }: any) => `${id}: ${nodes.map(({ html }: any) => html).join(' ')}`);
    });
  }
});
