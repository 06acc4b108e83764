import { stripVTControlCharacters } from 'node:util';
import { logFormOf } from '../../../src/config/log-form';
import { asJson, textForm } from '../../../src/observability/log/log-form';

const time = new Date('2026-01-02T03:04:05').getTime();
const text = (fields: object) => textForm(false)(`${JSON.stringify({ level: 30, time, ...fields })}\n`);

describe('the format of the log', () => {
  it.each([
    ['auto', true, {}, 'coloured text'],
    ['auto', true, { NO_COLOR: '1' }, 'text'],
    ['auto', true, { NO_COLOR: '' }, 'coloured text'],
    ['auto', true, { TERM: 'dumb' }, 'text'],
    ['auto', false, {}, 'json'],
    ['text', false, {}, 'text'],
    ['json', true, {}, 'json'],
  ] as const)('%s, on a terminal: %s, with %j is %s', (logFormat, isTerminal, env, form) => {
    expect(logFormOf({ logFormat }, isTerminal, env)).toBe(form);
  });
});

describe('text', () => {
  it('has a line for each event', () => {
    expect(text({ context: 'Models', msg: 'digits/1 is READY' })).toBe(
      '03:04:05 info  Models digits/1 is READY\n',
    );
    expect(text({ msg: 'trace', model: 'digits' })).toBe('03:04:05 info  trace model=digits\n');
  });

  it('has a line for each request, with the reason where it failed', () => {
    const request = {
      requestId: 'a',
      method: 'POST',
      route: '/v2/models/:model/infer',
      status: 200,
      ms: 1.5,
    };
    expect(text({ ...request, model: 'digits', version: '1', rows: 2 })).toBe(
      '03:04:05 info  POST /v2/models/:model/infer  200  1.5 ms  digits/1, rows 2\n',
    );
    const failure = {
      code: 'not_found',
      message: 'no',
      caller: '::1',
      path: '/v2/models/x/infer',
      model: 'x',
    };
    expect(text({ ...request, status: 404, ...failure })).toBe(
      '03:04:05 info  POST /v2/models/x/infer  404  1.5 ms  not_found: no  (model x, from ::1, id a)\n',
    );
  });

  it('has why credentials were refused', () => {
    const refused = {
      route: '/v2',
      method: 'GET',
      status: 401,
      ms: 1,
      requestId: 'a',
      code: 'unauthenticated',
    };
    const why = { message: 'no', caller: '::1', key: 'ci', reason: 'the key has expired' };
    expect(text({ ...refused, ...why })).toBe(
      '03:04:05 info  GET /v2  401  1 ms  unauthenticated: no  (from ::1, credentials refused: the key has expired, key ci, id a)\n',
    );
  });

  it('continues below at a space where a line is longer than the terminal is wide', () => {
    const narrow = (inColour: boolean) =>
      textForm(
        inColour,
        () => 40,
      )(JSON.stringify({ level: 50, time, context: 'Models', msg: 'one two three four' }));
    const lines = '03:04:05 error Models one two three four\n';
    expect(narrow(false)).toBe(lines);
    expect(stripVTControlCharacters(narrow(true))).toBe(lines);
    const longer = JSON.stringify({ level: 50, time, msg: `two words  and ${'x'.repeat(40)} and more` });
    expect(textForm(false, () => 32)(longer)).toBe(
      `03:04:05 error two words  and\n               ${'x'.repeat(40)}\n               and more\n`,
    );
  });

  it('shows stacks below, and escapes what is no text', () => {
    const err = { message: 'a\u001b[2J', stack: 'Error: a\n    at b\u009b1m' };
    expect(text({ level: 50, err })).toBe('03:04:05 error a\\u001b[2J\n  Error: a\n      at b\\u009b1m\n');
  });
});

it('JSON says the same without characters that terminals act upon', () => {
  const line = JSON.stringify({ name: 'a\u009b\u2028\u202e\u007f"é漢' });
  expect(asJson(line)).toMatch(/^[ -~é漢]*$/);
  expect(JSON.parse(asJson(line))).toEqual(JSON.parse(line));
});
