import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { dashboards, HAS_PROMTOOL, parse, promtool, queries, rules, RULES } from '../e2e/support/monitoring';

const text = { type: 'string', minLength: 1 };
const datasource = {
  type: 'object',
  properties: { type: { const: 'prometheus' }, uid: { const: '${datasource}' } },
  required: ['type', 'uid'],
};
const object = (properties: object, more: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: [...Object.keys(properties), ...more],
});
const list = (items: object, minItems = 1) => ({ type: 'array', items, minItems });

const panel = object({
  id: { type: 'integer', minimum: 1 },
  type: { enum: ['timeseries', 'stat', 'gauge', 'table', 'heatmap', 'state-timeline'] },
  title: text,
  description: text,
  datasource,
  gridPos: object({
    x: { type: 'integer', minimum: 0 },
    y: { type: 'integer', minimum: 0 },
    w: { type: 'integer', minimum: 1, maximum: 24 },
    h: { type: 'integer', minimum: 1 },
  }),
  fieldConfig: object({ defaults: object({ unit: text }), overrides: { type: 'array' } }),
  options: { type: 'object' },
  targets: list(
    object({
      refId: { type: 'string', pattern: '^[A-Z]$' },
      datasource,
      expr: text,
      legendFormat: { type: 'string' },
      range: { type: 'boolean' },
      instant: { type: 'boolean' },
    }),
  ),
});
const row = object({ id: { type: 'integer' }, type: { const: 'row' }, title: text, panels: list({}, 0) });

/** What Grafana needs in a dashboard of its classic schema, as far as these dashboards use it. */
const isDashboard = new Ajv({ allErrors: true }).compile(
  object({
    uid: { type: 'string', pattern: '^[a-z-]{1,40}$' },
    title: text,
    description: text,
    tags: { const: ['nexus'] },
    schemaVersion: { type: 'integer', minimum: 39 },
    editable: { const: true },
    time: object({ from: text, to: text }),
    refresh: text,
    links: list(object({ title: text, url: text, keepTime: { const: true }, includeVars: { const: true } })),
    templating: object({
      list: list(
        object({
          name: text,
          label: text,
          type: { enum: ['datasource', 'query'] },
          refresh: { enum: [1, 2] },
        }),
      ),
    }),
    panels: list({ anyOf: [row, panel] }),
  }),
);

describe.each([...dashboards])('%s', (_file, dashboard) => {
  const { panels, templating, uid, links } = dashboard;
  const json = JSON.stringify(dashboard);

  it('is a dashboard', () => {
    isDashboard(dashboard);
    expect(isDashboard.errors ?? []).toEqual([]);
    expect('id' in dashboard).toBe(false);
    expect(templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
  });

  it('has panels that do not overlap, with unique ids', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const overlaps = panels.flatMap(({ title, gridPos: one }, index) =>
      panels
        .slice(index + 1)
        .filter(
          ({ gridPos: other }) =>
            one.x < other.x + other.w &&
            other.x < one.x + one.w &&
            one.y < other.y + other.h &&
            other.y < one.y + one.h,
        )
        .map((other) => `${title}, ${other.title}`),
    );
    expect(overlaps).toEqual([]);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
    expect(
      panels.filter(({ targets = [] }) => new Set(targets.map(({ refId }) => refId)).size < targets.length),
    ).toEqual([]);
  });

  it('uses the variables that it has, and has no others', () => {
    const known = templating.list.map(({ name }) => name);
    const used = new Set(
      Array.from(
        json.matchAll(/\$(?:\{(\w+)[^}]*\}|(\w+))/g),
        ([, braced, plain]) => braced ?? plain!,
      ).filter((name) => !name.startsWith('__')),
    );
    expect([...used].toSorted()).toEqual(known.toSorted());
  });

  it('leads to the other dashboards', () => {
    const others = [...dashboards.values()].map((other) => `/d/${other.uid}`);
    expect(links.map(({ url }) => url).toSorted()).toEqual(
      others.filter((url) => url !== `/d/${uid}`).toSorted(),
    );
    const inPanels = Array.from(json.matchAll(/"(\/d\/[\w-]+)/g), ([, url]) => url!);
    expect(inPanels.filter((url) => !others.includes(url))).toEqual([]);
  });
});

it('every query is PromQL', () => {
  const wrong = queries.flatMap(({ at, expr }) => parse(expr).errors.map((error) => `${at}: ${error}`));
  expect(wrong).toEqual([]);
});

it('every recorded metric that a rule uses is recorded', () => {
  const recorded = new Set(rules.map(({ record }) => record));
  const used = rules.flatMap(({ expr }) => parse(expr).selectors.map(({ name }) => name));
  expect(used.filter((name) => name.includes(':') && !recorded.has(name))).toEqual([]);
});

it('every alert has a severity and leads to its section of the run-book', () => {
  const headings = Array.from(
    readFileSync('docs/runbook.md', 'utf8').matchAll(/^## (\w+)$/gm),
    ([, name]) => name!,
  );
  const alerts = rules.flatMap(({ alert }) => alert ?? []);
  expect(headings).toEqual(alerts);
  for (const { alert, labels, annotations } of rules.filter((rule) => rule.alert !== undefined)) {
    expect(labels!.severity).toMatch(/^(critical|warning)$/);
    expect(Object.keys(annotations!)).toEqual(['summary', 'description', 'runbook_url']);
    expect(annotations!.runbook_url).toBe(`docs/runbook.md#${alert!.toLowerCase()}`);
  }
});

(HAS_PROMTOOL ? describe : describe.skip)('promtool', () => {
  it.each([
    ['the rules', ['check', 'rules', RULES]],
    ['the example configuration', ['check', 'config', 'deploy/prometheus/prometheus.yaml']],
    ['what the rules do', ['test', 'rules', 'deploy/prometheus/rules.test.yaml']],
  ])('accepts %s', (_what, args) => {
    expect(promtool(args)).toMatchObject({ status: 0 });
  });

  it('tests every alert', () => {
    const tests = readFileSync('deploy/prometheus/rules.test.yaml', 'utf8');
    const untested = rules.filter(
      ({ alert }) => alert !== undefined && !tests.includes(`#${alert.toLowerCase()}\n`),
    );
    expect(untested).toEqual([]);
  });
});
