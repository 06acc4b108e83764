import { permits, type Access, type PublicArea } from './access';
import type { Caller } from './caller';
import { type Credentials, secretIn } from './credentials';
import type { Quotas } from '../limits/quota';
import { Refusal } from './refusal';
import { Stranger } from './stranger';
import type { Verified } from './verified';

/** Checks API keys and the subjects of client certificates. */
interface KeyCheck {
  find(key: string): Verified;
  ofSubject(subject: string): Verified;
  /** Limits of all keys of `tenant` together. */
  quotasOf(tenant: string): Quotas;
}

/** Checks tokens. Synchronous for a token that it has checked before. */
interface TokenCheck {
  verify(token: string): Verified | Promise<Verified>;
}

/** Where a request comes from. */
export interface Origin {
  /** Address of the client; undefined for a connection that closed before it was read. */
  readonly ip: string | undefined;
}

const NOTHING = new Refusal('the request has no credentials');

/** The three parts of a JSON Web Token, of which the first is a JSON object (RFC 7515 section 7.1). */
const TOKEN = /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/;

/** Finds out who sends requests. */
export class Authenticator {
  /**
   * @param isOn whether requests need credentials; otherwise everyone may do everything.
   * @param tokens undefined if tokens are not accepted.
   * @param open areas that are open to everyone.
   */
  constructor(
    readonly isOn: boolean,
    private readonly keys: KeyCheck,
    private readonly tokens: TokenCheck | undefined,
    private readonly open: readonly PublicArea[],
  ) {}

  /** A client without credentials at `origin`. */
  stranger(origin: Origin): Caller {
    return new Stranger(origin, !this.isOn);
  }

  /** The client that `credentials` name, or why they are refused. A key or token takes precedence over a certificate. */
  identify(credentials: Credentials): Verified | Promise<Verified> {
    const secret = secretIn(credentials);
    const { subject } = credentials;
    if (secret === undefined) {
      return subject === undefined ? { refusal: NOTHING } : this.keys.ofSubject(subject);
    }
    if (typeof secret !== 'string') return { refusal: secret };
    return this.tokens !== undefined && TOKEN.test(secret)
      ? this.tokens.verify(secret)
      : this.keys.find(secret);
  }

  /** Limits of all clients of `tenant` together. */
  quotasOf(tenant: string): Quotas {
    return this.keys.quotasOf(tenant);
  }

  /** Whether `access` lets `caller` in. */
  permits(access: Access, caller: Caller): boolean {
    return permits(access, caller, this.open);
  }
}
