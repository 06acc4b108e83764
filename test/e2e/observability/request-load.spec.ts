import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { load, loadAll } from 'js-yaml';
import { KeysFile } from '../../fixtures/keys';
import { counter } from '../../fixtures/models';
import { countTo, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

/** The configuration of the endpoint picker in the example, as far as it is about metrics. */
interface PickerConfig {
  readonly plugins: readonly {
    readonly type: string;
    readonly parameters?: {
      readonly path?: string;
      readonly defaultEngine?: string;
      readonly engineConfigs?: readonly {
        readonly name: string;
        readonly queuedRequestsSpec: string;
        readonly runningRequestsSpec: string;
      }[];
    };
  }[];
}

const picker = pickerConfig();
const parametersOf = (type: string) => picker.plugins.find((plugin) => plugin.type === type)?.parameters;
const { defaultEngine, engineConfigs } = parametersOf('core-metrics-extractor')!;
const engine = engineConfigs!.find(({ name }) => name === defaultEngine)!;

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('counter', counter()).model('other', counter());
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

function pickerConfig(): PickerConfig {
  const documents = loadAll(readFileSync('deploy/inference-extension/endpoint-picker.yaml', 'utf8'));
  const [config] = documents.filter((document) => (document as { kind: string }).kind === 'ConfigMap');
  return load((config as { data: Record<string, string> }).data['config.yaml']!) as PickerConfig;
}

/** What the endpoint picker reads of a pod: the first sample of each metric. */
async function picked() {
  const text = await (await gateway.fetch(parametersOf('metrics-data-source')!.path!)).text();
  return [engine.queuedRequestsSpec, engine.runningRequestsSpec].map((name) => {
    expect(text).toContain(`# TYPE ${name} gauge\n`);
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  });
}

const infer = (headers: Record<string, string> = {}, model = 'counter') =>
  gateway.fetch(`/v2/models/${model}/infer`, { method: 'POST', body: JSON.stringify(countTo(1)), headers });

/** The report in the response to a request that asks for one in `format`. */
const report = async (format: string, headers: Record<string, string> = {}, model?: string) =>
  (await infer({ 'endpoint-load-metrics-format': format, ...headers }, model)).headers.get(
    'endpoint-load-metrics',
  );

it('the endpoint picker of the example reads the requests that wait and those in flight', async () => {
  expect(await picked()).toEqual([0, 0]);
  const proceed = gateway.halt('counter');
  const first = infer();
  await gateway.running('counter');
  expect(await picked()).toEqual([0, 1]);
  const second = infer();
  await gateway.queued('counter', 1);
  expect(await picked()).toEqual([1, 2]);
  // A pod with two busy models is as busy as both.
  const proceedOther = gateway.halt('other');
  const third = infer({}, 'other');
  await gateway.running('other');
  expect(await picked()).toEqual([1, 3]);
  proceed();
  proceedOther();
  for (const answer of await Promise.all([first, second, third])) expect(answer.status).toBe(200);
  expect(await picked()).toEqual([0, 0]);
});

it('responses report the load to clients that ask for it, in the formats of ORCA', async () => {
  const proceed = gateway.halt('counter');
  const held = [infer()];
  await gateway.running('counter');
  held.push(infer());
  await gateway.queued('counter', 1);
  // A report is at most a tenth of a second old.
  while (!(await report('JSON', {}, 'other'))!.includes('waiting":1')) await delay(5);
  expect(await report('json', {}, 'other')).toBe(
    'JSON {"named_metrics":{"nexus_requests_waiting":1,"nexus_requests_in_flight":2}}',
  );
  expect(await report('TEXT', {}, 'other')).toBe(
    'TEXT named_metrics.nexus_requests_waiting=1, named_metrics.nexus_requests_in_flight=2',
  );
  const refused = await gateway.fetch('/v2/models/other/infer', {
    method: 'POST',
    body: JSON.stringify(oneRow('x')),
    headers: { 'endpoint-load-metrics-format': 'json' },
  });
  expect([refused.status, refused.headers.get('endpoint-load-metrics')]).toEqual([
    400,
    expect.stringContaining('"nexus_requests_in_flight":2'),
  ]);
  proceed();
  for (const answer of await Promise.all(held))
    expect(answer.headers.has('endpoint-load-metrics')).toBe(false);
  expect(await report('bin')).toBeNull();
  expect(await report('constructor')).toBeNull();
});

it('the headers of gateways of the extension change nothing', async () => {
  const answer = await infer({
    'x-gateway-inference-objective': 'premium',
    'x-gateway-inference-fairness-id': 'tenant',
    'x-gateway-destination-endpoint': '10.0.0.1:8000',
    'x-gateway-model-name-rewrite': 'other',
    'x-request-id': 'from-the-gateway',
  });
  expect([answer.status, answer.headers.get('x-request-id')]).toEqual([200, 'from-the-gateway']);
  expect(await answer.json()).toMatchObject({ model_name: 'counter' });
});

it('only clients that may read the metrics receive the report', async () => {
  const keys = new KeysFile();
  const reader = keys.add('reader', { scopes: ['infer', 'read'] });
  const client = keys.add('client', { scopes: ['infer'] });
  const guarded = await Gateway.start(repository, { NEXUS_KEYS_FILE: keys.path });
  const ask = async (key: string) => {
    const headers = { 'x-api-key': key, 'endpoint-load-metrics-format': 'text' };
    const message = { method: 'POST', body: JSON.stringify(countTo(1)), headers };
    const answer = await guarded.send('/v2/models/counter/infer', message);
    return [answer.status, answer.headers['endpoint-load-metrics']?.slice(0, 4)];
  };
  try {
    expect([await ask(reader), await ask(client), await ask('nobody')]).toEqual([
      [200, 'TEXT'],
      [200, undefined],
      [401, undefined],
    ]);
  } finally {
    await tearDown(guarded, keys);
  }
});
