import Ajv, { type ValidateFunction } from 'ajv/dist/2020';
import type { Gateway } from '../e2e/support/gateway';

/** A JSON schema of the document. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Content {
  readonly content: { readonly 'application/json': { readonly schema: Schema } };
}

interface Operation {
  readonly requestBody: Content;
  readonly responses: Readonly<Record<string, Content & { readonly $ref?: string }>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The document that a gateway serves. */
export class LiveDocument {
  private readonly ajv = new Ajv({ strict: false, validateFormats: false });
  private readonly validators = new Map<string, ValidateFunction>();

  private constructor(private readonly document: OpenApi) {
    this.ajv.addSchema({ ...document, $id: 'openapi' });
  }

  static async of(gateway: Gateway): Promise<LiveDocument> {
    return new LiveDocument((await (await gateway.fetch('/openapi.json')).json()) as OpenApi);
  }

  /** The schema of the body that POST `path` takes. */
  request(path: string): Schema {
    return this.document.paths[path]!['post']!.requestBody.content['application/json'].schema;
  }

  /** The schema of the answers of POST `path` with `status`; undefined for one that is not documented. */
  response(path: string, status: number): Schema | undefined {
    const response = this.document.paths[path]!['post']!.responses[status];
    return response && this.follow(response).content['application/json'].schema;
  }

  /** What `value` refers to, or itself. */
  follow<T extends { readonly $ref?: string }>(value: T): T {
    if (value.$ref === undefined) return value;
    const keys = value.$ref.slice(2).split('/');
    return keys.reduce<any>((object, key) => object[key], this.document) as T;
  }

  /** What keeps `value` from being what `schema` says; empty when nothing does. */
  mismatch(schema: Schema, value: unknown): string {
    const text = JSON.stringify(schema).replaceAll('"#/', '"openapi#/');
    const validate = this.validators.get(text) ?? this.ajv.compile(JSON.parse(text) as object);
    this.validators.set(text, validate);
    return validate(value) ? '' : this.ajv.errorsText(validate.errors);
  }
}
