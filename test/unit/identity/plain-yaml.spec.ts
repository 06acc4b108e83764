import fc from 'fast-check';
import { CORE_SCHEMA, load } from 'js-yaml';
import { plainYaml } from '../../../src/identity/keys/file/plain-yaml';

const NAMES = ['id', 'hash', 'tenant', 'scopes', 'models', 'limits', 'expires', 'description'];
const name = fc.constantFrom(...NAMES);

/** Scalars as they are written: most in the plain form, others that only a parser of YAML understands. */
const scalar = fc.oneof(
  fc.constantFrom(
    'a',
    'true',
    'false',
    'True',
    'null',
    'NULL',
    'yes',
    '12',
    '0',
    '012',
    '1e3',
    '0x1f',
    '-1',
    '~',
  ),
  fc.constantFrom(
    '2027-01-31',
    'a b',
    'a: b',
    'a:b',
    'a #b',
    'a#b',
    '*a',
    '&a b',
    '!a b',
    '|',
    '>',
    '%a',
    '@a',
    '- a',
  ),
  fc.constantFrom(
    'sha256:0f',
    'spiffe://a/b',
    "it's",
    'a"b',
    '"a, b"',
    '"]"',
    '"a\\"b"',
    "'a''b'",
    '"a',
    'a ',
    'é',
  ),
  fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text)),
  fc.string({ maxLength: 8 }),
);
const list = fc.array(scalar, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`);
const map = fc
  .array(fc.tuple(name, scalar), { maxLength: 3 })
  .map((items) => `{ ${items.map((item) => item.join(': ')).join(', ')} }`);
const value = fc.oneof({ weight: 4, arbitrary: scalar }, list, map);
const entry = fc
  .tuple(fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 3 }), fc.constantFrom('  ', '', '   '))
  .map(([items, indent]) =>
    items.map((item, index) => `${indent}${index === 0 ? '- ' : '  '}${item.join(': ')}`).join('\n'),
  );
const other = fc.constantFrom(
  '# a',
  '',
  '   ',
  '    # a',
  'keys:',
  'tenants:',
  'more: 1',
  '---',
  '...',
  '\t',
  'a',
);
const document = fc
  .array(fc.oneof({ weight: 6, arbitrary: entry }, other), { maxLength: 5 })
  .map((parts) => ['keys:', ...parts].join('\n'));

/** What the parser of YAML reads; undefined for text that is not YAML. */
function parsed(text: string): unknown {
  try {
    return load(text, { schema: CORE_SCHEMA });
  } catch {
    return undefined;
  }
}

describe('plainYaml', () => {
  it('reads what a parser of YAML reads, or nothing', () => {
    let read = 0;
    fc.assert(
      fc.property(document, (text) => {
        const plain = plainYaml(text);
        if (plain === undefined) return;
        read += 1;
        expect(plain).toEqual(parsed(text));
      }),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it('reads the form that the command writes', () => {
    const text = `# keys
keys:
  - id: "alice"
    hash: "sha256:0f"
    scopes: [ "infer", "read" ]
    models: [digits, ocr-*]
    limits: { requests_per_minute: 100 }
    expires: 2027-01-31
    description: Batch jobs of Alice
    disabled: true

  # a certificate
  - id: worker
    subject: spiffe://example.org/worker
tenants:
  - id: acme
    limits: { in_flight: 1 }
`;
    expect(plainYaml(text)).toBeDefined();
    expect(plainYaml(text)).toEqual(parsed(text));
  });
});
