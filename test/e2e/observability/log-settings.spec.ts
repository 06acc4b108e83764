import { Gateway } from '../support/gateway';

let gateway: Gateway;
beforeAll(async () => (gateway = await Gateway.start('./models', { NEXUS_LOAD: 'on_demand' })));
afterAll(() => gateway.stop());

const change = (settings: object | string) =>
  gateway.send('/v2/logging', {
    method: 'POST',
    body: typeof settings === 'string' ? settings : JSON.stringify(settings),
  });
const DEFAULT = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
};

/** Whether a request leaves a line in the log, told by one that comes after it and always does. */
async function isLogged(path: string, id: string): Promise<boolean> {
  await gateway.send(path, { headers: { 'x-request-id': id } });
  const before = (await gateway.send('/v2/logging')).json();
  await change({ log_info: true });
  await gateway.send('/v2', { headers: { 'x-request-id': `${id}-after` } });
  await gateway.logged(({ requestId }) => requestId === `${id}-after`);
  await change({ log_info: before.log_info, log_verbose_level: before.log_verbose_level });
  return gateway.logs.some(({ requestId }) => requestId === id);
}

it('returns the settings, and changes the given ones', async () => {
  expect((await gateway.send('/v2/logging')).json()).toEqual(DEFAULT);
  expect(await isLogged('/v2', 'info')).toBe(true);
  expect((await change({ log_info: false })).json()).toEqual({ ...DEFAULT, log_info: false });
  expect(await isLogged('/v2', 'silent')).toBe(false);
  expect((await change({ log_error: false })).json()).toMatchObject({ log_warning: false, log_error: false });
  expect((await change({ log_info: true, log_format: 'default', log_file: '' })).json()).toEqual(DEFAULT);

  expect(await isLogged('/health/live', 'hidden')).toBe(false);
  expect((await change({ log_verbose_level: 1 })).json()).toEqual({ ...DEFAULT, log_verbose_level: 1 });
  expect(await isLogged('/health/live', 'shown')).toBe(true);
  expect((await change({ log_verbose_level: 0 })).json()).toEqual(DEFAULT);
  expect((await change('')).json()).toEqual(DEFAULT);
});

it.each([
  [{ log_info: 'yes' }, /log_info: expected true or false, got "yes"/],
  [{ log_verbose_level: -1 }, /log_verbose_level: expected a whole number, got -1/],
  [{ log_info: false, log_file: '/tmp/log' }, /log_file: expected '' \(lines go to stdout/],
  [{ valueOf: true }, /unknown setting 'valueOf'/],
  [{ log_levle: 1 }, /unknown setting 'log_levle'; use log_info, /],
  ['[1]', /the body must be empty or /],
])('refuses %j and changes nothing', async (settings, text) => {
  const answer = await change(settings);
  expect([answer.status, answer.json().error]).toEqual([400, expect.stringMatching(text)]);
  expect((await gateway.send('/v2/logging')).json()).toEqual(DEFAULT);
});
