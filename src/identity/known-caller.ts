import type { Quotas } from '../limits/quota';
import type { Caller } from './caller';
import type { Scope } from './scope';

/** What an operator grants to a client. */
export interface Grant {
  readonly key: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  /** Names of models; `*` in a name matches any text. */
  readonly models: readonly string[];
  readonly quotas: Quotas;
}

/** A client that has authenticated. */
export class KnownCaller implements Caller {
  readonly id: string;
  readonly tenant: string;
  readonly key: string;
  readonly quotas: Quotas;
  readonly seesAll: boolean;
  private readonly scopes: readonly Scope[];
  private readonly names: ReadonlySet<string>;
  private readonly patterns: readonly (readonly string[])[];

  constructor({ key, tenant, scopes, models, quotas }: Grant) {
    this.id = `${tenant}/${key}`;
    this.tenant = tenant;
    this.key = key;
    this.quotas = quotas;
    this.scopes = scopes;
    this.seesAll = models.includes('*');
    this.names = new Set(models);
    this.patterns = models.filter((name) => name.includes('*')).map((name) => name.split('*'));
  }

  has(...scopes: readonly Scope[]): boolean {
    return scopes.some((scope) => this.scopes.includes(scope));
  }

  sees(model: string): boolean {
    return this.seesAll || this.names.has(model) || this.patterns.some((pattern) => matches(model, pattern));
  }
}

/**
 * Whether `name` consists of `texts`, in this order and with any text between them. Takes the first place of each, because a
 * regular expression with several `.*` tries all places: minutes for a name of 120 characters.
 */
function matches(name: string, texts: readonly string[]): boolean {
  const [first = '', last = ''] = [texts[0], texts.at(-1)];
  const end = name.length - last.length;
  if (first.length > end || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const text of texts.slice(1, -1)) {
    at = name.indexOf(text, at);
    if (at === -1 || at + text.length > end) return false;
    at += text.length;
  }
  return true;
}
