import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { load } from 'js-yaml';

/** A query of a dashboard, a rule or an autoscaler. */
export interface Query {
  /** Its position, for messages. */
  readonly at: string;
  readonly expr: string;
  /** Labels that the legend shows. */
  readonly shown: readonly string[];
}

/** What a PromQL expression selects and groups by. */
export interface Parsed {
  readonly selectors: readonly { readonly name: string; readonly matchers: readonly Matcher[] }[];
  /** Labels that aggregations keep; undefined without an aggregation. */
  readonly grouping: readonly string[] | undefined;
  /** Text that is no PromQL. */
  readonly errors: readonly string[];
}

interface Matcher {
  readonly label: string;
  readonly value: string;
}

/** A rule of deploy/prometheus/rules.yaml. */
export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The parts of the adapter's values that tests look at. */
interface Adapter {
  readonly rules: {
    readonly custom: readonly { readonly name: { readonly as: string }; readonly metricsQuery: string }[];
  };
}

/** The parts of a dashboard that tests look at. */
export interface Dashboard {
  readonly uid: string;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
  readonly panels: readonly Panel[];
  readonly links: readonly { readonly url: string }[];
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly refId: string;
  }[];
}

const GRAFANA = 'deploy/grafana';
const ADAPTER = 'deploy/prometheus/adapter.yaml';
const SCALED_OBJECT = 'deploy/helm/nexus/templates/scaledobject.yaml';
export const RULES = 'deploy/prometheus/rules.yaml';

/** Whether there is a promtool: Debian has it in the package prometheus. */
export const HAS_PROMTOOL = spawnSync('promtool', ['--version']).status === 0;
if (!HAS_PROMTOOL)
  process.stderr.write('promtool is not installed: rules and metrics are not checked with it\n');

/** Runs promtool and returns its exit code and what it printed. */
export function promtool(args: readonly string[], input?: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

/** All dashboards by file name. */
export const dashboards: ReadonlyMap<string, Dashboard> = new Map(
  readdirSync(GRAFANA)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name, JSON.parse(readFileSync(join(GRAFANA, name), 'utf8')) as Dashboard]),
);

/** All rules of Prometheus. */
export const rules: readonly Rule[] = (
  load(readFileSync(RULES, 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] }
).groups.flatMap((group) => group.rules);

/** What Kubernetes scales by: the queries of KEDA's triggers, and those of the adapter for custom metrics. */
const scaling: readonly Query[] = [
  ...Array.from(
    readFileSync(SCALED_OBJECT, 'utf8').matchAll(/^ +query: (?:>-\n)?(.*?)\n +threshold:/gms),
    ([, expr], index) => ({ at: `scaledobject.yaml: ${index}`, expr: expr! }),
  ),
  ...(load(readFileSync(ADAPTER, 'utf8')) as Adapter).rules.custom.map(({ name, metricsQuery }) => ({
    at: `adapter.yaml: ${name.as}`,
    expr: metricsQuery,
  })),
].map(({ at, expr }) => ({
  at,
  expr: expr
    .replaceAll(/\{\{- \$selector -\}\}|<<\.LabelMatchers>>/g, 'job="nexus"')
    .replaceAll('<<.GroupBy>>', 'job'),
  shown: [],
}));

/** Every query of the dashboards, the rules and the autoscalers, without variables. */
export const queries: readonly Query[] = [
  ...[...dashboards].flatMap(([file, { panels, templating }]) => [
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat }) => ({
        at: `${file}: ${title}`,
        expr: withoutVariables(expr),
        shown: Array.from(legendFormat.matchAll(/\{\{\s*(\w+)\s*\}\}/g), ([, label]) => label!),
      })),
    ),
    ...templating.list.flatMap(({ name, definition }) => {
      const [, expr, label] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '') ?? [];
      return expr === undefined
        ? []
        : [{ at: `${file}: $${name}`, expr: withoutVariables(expr), shown: [label!] }];
    }),
  ]),
  ...rules.map(({ record, alert, expr }) => ({ at: `rules.yaml: ${record ?? alert}`, expr, shown: [] })),
  ...scaling,
];

/** Replaces Grafana's variables by values. */
function withoutVariables(expr: string): string {
  return expr.replaceAll(/\$__(?:rate_interval|range)/g, '5m').replaceAll(/\$\w+/g, 'value');
}

/** Parses PromQL. */
export function parse(expr: string): Parsed {
  const selectors: { name: string; matchers: Matcher[] }[] = [];
  const errors: string[] = [];
  let grouping: string[] | undefined;
  const textOf = ({ from, to }: { from: number; to: number }) => expr.slice(from, to);
  parser.parse(expr).iterate({
    enter(ref) {
      const { node } = ref;
      if (node.type.isError) errors.push(`${expr.slice(0, node.from)} <-- ${expr.slice(node.from)}`);
      if (node.name === 'VectorSelector') {
        const name = node.getChild('Identifier');
        const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
        selectors.push({
          name: name === null ? '' : textOf(name),
          matchers: matchers.map((matcher) => ({
            label: textOf(matcher.getChild('LabelName')!),
            value: JSON.parse(textOf(matcher.getChild('StringLiteral')!)) as string,
          })),
        });
      }
      if (node.name === 'AggregateExpr') {
        const labels = node
          .getChild('AggregateModifier')
          ?.getChild('GroupingLabels')
          ?.getChildren('LabelName');
        grouping = [...(grouping ?? []), ...(labels ?? []).map(textOf)];
      }
    },
  });
  return { selectors, grouping, errors };
}
