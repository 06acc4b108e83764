import { timingSafeEqual } from 'node:crypto';
import { quotasOf } from '../../limits/quota';
import { KnownCaller } from '../known-caller';
import { Refusal } from '../refusal';
import type { Verified } from '../verified';
import { instantOf } from './expiry';
import { KEY_DEFAULTS, type WrittenKey } from './keys-schema';

/** A key of the keys file. What a request needs is computed at its first use, so that large files load fast. */
export class StoredKey {
  private verified: Verified | undefined;
  private digest: Buffer | undefined;

  constructor(private readonly written: WrittenKey) {}

  get id(): string {
    return this.written.id;
  }

  get subject(): string | undefined {
    return this.written.subject;
  }

  /** The client if `digest` is that of the key at the time `now`, in milliseconds since 1970; or why it is refused. */
  answer(digest: Buffer, now: number): Verified {
    const { id, hash, previous } = this.written;
    if (hash === undefined) return refused('the key is a client certificate', id);
    this.digest ??= digestIn(hash);
    if (timingSafeEqual(digest, this.digest)) return this.standing(now);
    if (previous === undefined || !timingSafeEqual(digest, digestIn(previous.hash)))
      return refused('the secret of the key is wrong', id);
    if (instantOf(previous.until)! <= now)
      return refused('the key was rotated, and its grace time has passed', id);
    return this.standing(now);
  }

  /** The client at the time `now`, in milliseconds since 1970; or why the key does not hold. */
  standing(now: number): Verified {
    const { id, disabled, expires } = this.written;
    if (disabled === true) return refused('the key is disabled', id);
    if (expires !== undefined && instantOf(expires)! <= now) return refused('the key has expired', id);
    return (this.verified ??= { caller: callerOf(this.written) });
  }
}

function refused(reason: string, id: string): Verified {
  return { refusal: new Refusal(reason, id) };
}

function callerOf(written: WrittenKey): KnownCaller {
  const { id, tenant, scopes, models, limits = {} } = { ...KEY_DEFAULTS, ...written };
  return new KnownCaller({ key: id, tenant, scopes, models, quotas: quotasOf(limits) });
}

function digestIn(hash: string): Buffer {
  return Buffer.from(hash.slice('sha256:'.length), 'hex');
}
