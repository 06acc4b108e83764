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
  private readonly patterns: readonly RegExp[];

  constructor({ key, tenant, scopes, models, quotas }: Grant) {
    this.id = `${tenant}/${key}`;
    this.tenant = tenant;
    this.key = key;
    this.quotas = quotas;
    this.scopes = scopes;
    this.seesAll = models.includes('*');
    this.names = new Set(models);
    this.patterns = models.filter((name) => name.includes('*')).map(patternOf);
  }

  has(...scopes: readonly Scope[]): boolean {
    return scopes.some((scope) => this.scopes.includes(scope));
  }

  sees(model: string): boolean {
    return this.seesAll || this.names.has(model) || this.patterns.some((pattern) => pattern.test(model));
  }
}

/** A pattern with several `*` matches without backtracking over more than the name, which is at most 256 characters. */
function patternOf(name: string): RegExp {
  const literal = name.split('*').map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`, 's');
}
