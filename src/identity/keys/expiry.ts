const TIME = String.raw`[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)`;
const FORM = new RegExp(String.raw`^(?<date>\d{4}-\d\d-(?<day>\d\d))(${TIME})?$`);

/**
 * The time that `text` names, in milliseconds since 1970: an RFC 3339 date-time, or a date, which means 00:00 UTC.
 * Undefined for other text, and for days that do not exist.
 */
export function instantOf(text: string): number | undefined {
  const { date = '', day } = FORM.exec(text)?.groups ?? {};
  // Date reads February 30 as March 2, and month 13 as no date.
  if (new Date(date).getUTCDate() !== Number(day)) return undefined;
  return Date.parse(text.toUpperCase());
}
