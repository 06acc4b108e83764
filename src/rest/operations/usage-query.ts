import { errors } from '../../common/errors';
import { quote } from '../../common/quote';
import { DAY_S, HOUR_S } from '../../usage/usage';
import type { UsagePosition, UsageQuery } from '../../usage/usage-store';

/** Maximum number of entries of a page, which take about a millisecond to write as JSON. */
export const PAGE_ENTRIES = 1000;

const PARAMETERS = ['from', 'to', 'by', 'tenant', 'key', 'model', 'after'] as const;

/** The parameters of a request for usage, as they were sent. */
type Texts = Readonly<Partial<Record<(typeof PARAMETERS)[number], string>>>;

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/;

/**
 * Reads the query parameters of a request for usage. By default, it selects the last 24 hours.
 * @param now seconds since 1970.
 * @throws NexusError invalid_input
 */
export function usageQuery(parameters: Readonly<Record<string, unknown>>, now: number): UsageQuery {
  const texts = textsOf(parameters);
  const by = texts.by ?? 'hour';
  if (by !== 'hour' && by !== 'day')
    throw errors.invalidInput(`by: expected hour or day, got ${quote(by)}`, 'by');
  const to = timeOf('to', texts.to) ?? now;
  const from = timeOf('from', texts.from) ?? to - DAY_S;
  if (from >= to) throw errors.invalidInput('from: expected a time before `to`', 'from');
  const lengthS = by === 'day' ? DAY_S : HOUR_S;
  return {
    // The hour or day that has begun by then, so that no entry has only a part of it.
    from: Math.floor(from / lengthS) * lengthS,
    to,
    by,
    tenant: texts.tenant,
    key: texts.key,
    model: texts.model,
    after: texts.after === undefined ? undefined : positionOf(texts.after),
    limit: PAGE_ENTRIES + 1,
  };
}

/** The value of `after` that continues after `position`. */
export function cursorOf({ start, tenant, key, model }: UsagePosition): string {
  return Buffer.from(JSON.stringify([start, tenant, key, model])).toString('base64url');
}

function textsOf(parameters: Readonly<Record<string, unknown>>): Texts {
  for (const [name, value] of Object.entries(parameters)) {
    // A misspelled filter would return the usage of everyone.
    if (!PARAMETERS.some((known) => known === name))
      throw errors.invalidInput(`unknown parameter ${quote(name)}; use ${PARAMETERS.join(', ')}`, name);
    if (typeof value !== 'string') throw errors.invalidInput(`${name}: expected one value`, name);
  }
  return parameters;
}

/** Seconds since 1970. */
function timeOf(name: 'from' | 'to', text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, year, month, day] = TIME.exec(text) ?? [];
  // Date would take 30 February for 2 March.
  const date = new Date(`${year}-${month}-${day}`);
  if (Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day))
    throw errors.invalidInput(
      `${name}: expected a date or a time with its offset, such as 2026-01-31 or 2026-01-31T12:00:00Z, got ${quote(text)}; write + as %2B`,
      name,
    );
  return Date.parse(text.toUpperCase()) / 1000;
}

function positionOf(cursor: string): UsagePosition {
  const position = parsed(Buffer.from(cursor, 'base64url').toString());
  const [start, tenant, key, model, ...rest] = Array.isArray(position) ? (position as unknown[]) : [];
  if (
    !Number.isSafeInteger(start) ||
    typeof tenant !== 'string' ||
    typeof key !== 'string' ||
    typeof model !== 'string' ||
    rest.length > 0
  )
    throw errors.invalidInput('after: expected `next` of the page before', 'after');
  return { start: start as number, tenant, key, model };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
