import { milliseconds, percent } from '../ui/format.ts';
import { flat, shapeOf, type Value } from './editors.ts';
import { PixelGrid } from './pixel-grid.tsx';

/** What a call returned. */
export interface Answered {
  readonly body: unknown;
  /** Time from the request to the whole response, as the browser sees it. */
  readonly ms: number;
}

interface Class {
  readonly label: string;
  readonly score: number;
}

interface PredictBody {
  readonly version?: string;
  readonly outputs?: Record<string, Value>;
  readonly classes?: Record<string, Class[] | Class[][]>;
}

const MAX_CLASSES = 10;
const MAX_PIXELS = 64;

/** The response of a model, as people read it, and as JSON. */
export function Answer({ answer: { body, ms } }: { answer: Answered }) {
  const { outputs = {}, classes = {}, version } = body as PredictBody;
  const others = Object.entries(outputs).filter(([name]) => !Object.hasOwn(classes, name));
  const isShown = ['outputs', 'choices', 'results'].some((name) => Object.hasOwn(body as object, name));
  return (
    <div class="answer">
      <p class="muted small">
        Answered in {milliseconds(ms)}
        {version !== undefined && ` by version ${version}`}
      </p>
      {others.map(([name, value]) => (
        <Output key={name} name={name} value={value} />
      ))}
      {Object.entries(classes).map(([name, rows]) => (
        <Bars key={name} name={name} classes={Array.isArray(rows[0]) ? rows[0] : (rows as Class[])} />
      ))}
      <Special body={body} />
      <details open={!isShown}>
        <summary>Response</summary>
        <pre class="code" tabIndex={0} aria-label="Response as JSON">
          {JSON.stringify(body, null, 1).slice(0, 20_000)}
        </pre>
      </details>
    </div>
  );
}

/** Classes with their scores, the highest first. */
function Bars({ name, classes }: { name: string; classes: readonly Class[] }) {
  const isShare = classes.every(({ score }) => score >= 0 && score <= 1);
  const largest = isShare ? 1 : Math.max(...classes.map(({ score }) => Math.abs(score)), Number.MIN_VALUE);
  return (
    <figure>
      <figcaption class="muted small">{name}</figcaption>
      <ol class="bars">
        {classes.slice(0, MAX_CLASSES).map(({ label, score }) => (
          <li key={label}>
            <span class="label">{label}</span>
            <span class="bar" aria-hidden="true">
              <i style={{ width: `${(Math.abs(score) / largest) * 100}%` }} />
            </span>
            <span class="score">{isShare ? percent(score) : score.toPrecision(4)}</span>
          </li>
        ))}
      </ol>
    </figure>
  );
}

function Output({ name, value }: { name: string; value: Value }) {
  const shape = shapeOf(value);
  const elements = flat(value);
  const isNumbers = elements.every((element) => typeof element === 'number');
  const sizes = shape.filter((size) => size !== 1);
  if (elements.length === 1 && typeof elements[0] !== 'object')
    return (
      <p class="result">
        <span class="muted small">{name}</span>
        <strong>{String(elements[0])}</strong>
      </p>
    );
  return (
    <figure>
      <figcaption class="muted small">
        {name} [{shape.join(', ')}]
      </figcaption>
      {isNumbers && sizes.length === 2 && sizes.every((size) => size >= 4 && size <= MAX_PIXELS) ? (
        <PixelGrid pixels={scaled(elements, sizes[1]!)} label={`${name} as a picture`} />
      ) : isNumbers && sizes.length === 1 ? (
        <Vector values={elements} name={name} />
      ) : (
        <pre class="code" tabIndex={0} aria-label={name}>
          {JSON.stringify(value).slice(0, 4000)}
        </pre>
      )}
    </figure>
  );
}

function scaled(values: readonly number[], width: number): number[][] {
  const least = Math.min(0, ...values);
  const most = Math.max(...values, least + Number.EPSILON);
  const rows: number[][] = [];
  for (let start = 0; start < values.length; start += width)
    rows.push(values.slice(start, start + width).map((value) => (value - least) / (most - least)));
  return rows;
}

const MAX_BARS = 256;

/** The first numbers of a vector, as bars up and down. */
function Vector({ values, name }: { values: readonly number[]; name: string }) {
  const shown = values.slice(0, MAX_BARS);
  const largest = Math.max(...shown.map(Math.abs), Number.MIN_VALUE);
  const path = shown.map((value, index) => `M${index + 0.5} 0V${(-value / largest).toFixed(3)}`).join('');
  const first = values
    .slice(0, 4)
    .map((value) => value.toPrecision(3))
    .join(', ');
  return (
    <>
      <svg
        class="vector"
        viewBox={`0 -1 ${shown.length} 2`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name}: ${values.length} numbers`}
      >
        <path d={path} />
      </svg>
      <p class="muted small">
        {values.length} numbers: {first}
        {values.length > 4 && ', …'}
      </p>
    </>
  );
}

interface SpecialBody {
  readonly choices?: { readonly message?: { readonly content?: string | null } }[];
  readonly results?: {
    readonly index: number;
    readonly relevance_score: number;
    readonly document?: { text?: string };
  }[];
}

/** Answers of the operations for texts. */
function Special({ body }: { body: unknown }) {
  const { choices, results } = body as SpecialBody;
  const content = choices?.[0]?.message?.content;
  if (typeof content === 'string') return <p class="reply">{content}</p>;
  if (!Array.isArray(results)) return null;
  const classes = results.map(({ index, relevance_score, document }) => ({
    label: document?.text ?? `document ${index + 1}`,
    score: relevance_score,
  }));
  return <Bars name="relevance" classes={classes} />;
}
