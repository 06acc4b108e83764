import { KeysFileError, parseKeys } from '../../../src/identity/keys/file/keys-file';

const HASH = `sha256:${'0f'.repeat(32)}`;

function faultsIn(text: string): readonly string[] {
  try {
    parseKeys(text);
  } catch (error) {
    if (error instanceof KeysFileError) return error.lines;
    throw error;
  }
  return [];
}

/** The faults of a file with the key `a` with these further properties, as lines of YAML. */
function faultsOf(...lines: readonly string[]): readonly string[] {
  const hash = lines.some((line) => line.startsWith('hash')) ? [] : [`hash: ${HASH}`];
  return faultsIn(`keys:\n  - id: a\n${[...hash, ...lines].map((line) => `    ${line}\n`).join('')}`);
}

describe('a keys file', () => {
  it('has all properties of keys and tenants', () => {
    const file = {
      keys: [
        {
          id: 'a',
          hash: HASH,
          tenant: 'acme',
          scopes: ['infer', 'read', 'admin'],
          models: ['digits', 'ocr-*'],
          limits: { requests_per_minute: 100, in_flight: 2 },
          expires: '2027-01-31',
          disabled: false,
          description: 'of Alice',
          previous: { hash: HASH, until: '2027-01-31T12:00:00Z' },
        },
        { id: 'b', subject: 'spiffe://example.org/b' },
      ],
      tenants: [{ id: 'acme', limits: { input_bytes_per_day: 1_000_000 } }],
    };
    expect(parseKeys(JSON.stringify(file))).toEqual(file);
    expect(parseKeys(`# YAML\n${JSON.stringify(file)}`)).toEqual(file);
  });

  it('reads dates as text, and follows aliases', () => {
    const text = `keys:\n- {id: a, hash: '${HASH}', models: &m [x], expires: 2027-01-31}\n- {id: b, subject: b, models: *m}`;
    expect(parseKeys(text).keys).toMatchObject([{ expires: '2027-01-31' }, { models: ['x'] }]);
  });

  it.each(['keys:', 'keys: []', '{"keys": []}', '{keys: []}'])('may have no keys: %s', (text) => {
    expect(parseKeys(text)).toEqual({ keys: [], tenants: [] });
  });

  it.each([
    ['', 'expected an object with a list keys, such as keys: []; came nothing'],
    ['- a', 'expected an object with a list keys, such as keys: []; came a list'],
    ['keys: 3', 'keys: expected a list; came 3'],
    ['keys: []\ntenant: []', 'unknown property "tenant"; did you mean tenants?'],
    ['keys: [\n', 'line 2: expected YAML; '],
    ['keys: [3]', 'key 1: expected an object with the properties of an entry; came 3'],
    [`keys: [{hash: '${HASH}'}]`, 'key 1: expected id, which is missing'],
    ['keys: [{id: a}]', 'key "a": expected either hash or subject'],
    [`keys: [{id: a, hash: '${HASH}', subject: a}]`, 'key "a": expected either hash or subject'],
    [
      'keys: [{id: a, subject: a}, {id: a, subject: b}]',
      'key "a": expected an id of its own; another key has the same one',
    ],
    [
      'keys: [{id: a, subject: a}, {id: b, subject: a}]',
      'key "b": subject: expected a subject of its own; another key has the same one',
    ],
    [
      'keys: []\ntenants: [{id: a, limits: {}}, {id: a, limits: {}}]',
      'tenant "a": expected an id of its own; another tenant has the same one',
    ],
  ])('is refused: %j', (text, fault) => {
    expect(faultsIn(text)).toEqual([expect.stringContaining(fault)]);
  });

  it.each([
    ['tenants: []', 'key "a": unknown property "tenants"; did you mean tenant?'],
    ['hash: sha256:12', 'key "a": hash: expected sha256: and 64 lower-case hexadecimal digits, as printf'],
    ['tenant: 12', 'key "a": tenant: expected 1 to 64 letters'],
    ['scopes: [write]', 'key "a": scopes.0: expected a list of infer, read, admin; came "write"'],
    ['scopes: infer', 'key "a": scopes: expected a list of infer, read, admin; came "infer"'],
    ['models: [""]', 'key "a": models.0: expected a list of at most 100 model names'],
    ['limits: { in_flight: 0 }', 'key "a": limits.in_flight: expected a whole number of at least 1; came 0'],
    ['limits: { rows: 1 }', 'key "a": limits: unknown property "rows"; expected one of requests_per_second'],
    ['expires: 2027-02-30', 'key "a": expires: expected a date such as 2027-01-31, or a date and time'],
    ['disabled: 1', 'key "a": disabled: expected true or false; came 1'],
    ['previous: { hash: x }', 'key "a": previous: expected until, which is missing'],
  ])('is refused with the key: %s', (line, fault) => {
    expect(faultsOf(line)[0]).toContain(fault);
  });

  it('never repeats a key or a hash in a fault', () => {
    const digits = '0f'.repeat(33);
    const key = `nxs_a_${'k'.repeat(64)}_123456`;
    const wrong = [`sha256:${digits}`, digits, key].flatMap((secret) => [
      faultsOf(`hash: ${secret}`),
      faultsOf(`tenant: ${secret}`),
      faultsOf(`scopes: ["${secret}"]`),
      faultsOf(`expires: "${secret}"`),
      faultsOf(`"${secret}": 1`),
      faultsOf(`limits: { "${secret}": 1 }`),
      faultsOf(`previous: { hash: ${secret}, until: 2027-01-31 }`),
      faultsIn(`keys: [{ id: "${secret}", subject: a }]`),
      faultsIn(`keys:\n  hash: ${secret}: x\n`),
      faultsIn(`keys: ["${secret}"`),
      faultsIn(`"${secret}"`),
      faultsIn(`keys: []\n"${secret}": 1`),
    ]);
    for (const faults of wrong) {
      expect(faults.length).toBeGreaterThan(0);
      expect(faults.join('\n')).not.toMatch(/0f0f0f|kkkk/);
    }
  });

  it('reports at most 10 faults', () => {
    expect(faultsIn(`keys: [${'{}, '.repeat(1000)}]`)).toHaveLength(10);
  });
});
