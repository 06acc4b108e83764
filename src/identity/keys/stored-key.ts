import { timingSafeEqual } from 'node:crypto';
import { quotasOf } from '../../limits/quota';
import type { Caller } from '../caller';
import { KnownCaller } from '../known-caller';
import { Refusal } from '../refusal';
import { instantOf } from './expiry';
import { KEY_DEFAULTS, type WrittenKey } from './keys-schema';

/** A key of the keys file. What a request needs is computed at its first use, so that large files load fast. */
export class StoredKey {
  private caller: KnownCaller | undefined;
  private digest: Buffer | undefined;

  constructor(private readonly written: WrittenKey) {}

  get id(): string {
    return this.written.id;
  }

  get subject(): string | undefined {
    return this.written.subject;
  }

  /** The client if `digest` is that of the key at the time `now`, in milliseconds since 1970; or why it is refused. */
  answer(digest: Buffer, now: number): Caller | Refusal {
    const { id, hash, previous } = this.written;
    if (hash === undefined) return new Refusal('the key is a client certificate', id);
    this.digest ??= digestIn(hash);
    if (timingSafeEqual(digest, this.digest)) return this.standing(now);
    if (previous === undefined || !timingSafeEqual(digest, digestIn(previous.hash)))
      return new Refusal('the secret of the key is wrong', id);
    if (instantOf(previous.until)! <= now)
      return new Refusal('the key was rotated, and its grace time has passed', id);
    return this.standing(now);
  }

  /** The client at the time `now`, in milliseconds since 1970; or why the key does not hold. */
  standing(now: number): Caller | Refusal {
    const { id, disabled, expires } = this.written;
    if (disabled === true) return new Refusal('the key is disabled', id);
    if (expires !== undefined && instantOf(expires)! <= now) return new Refusal('the key has expired', id);
    this.caller ??= callerOf(this.written);
    return this.caller;
  }
}

function callerOf(written: WrittenKey): KnownCaller {
  const { id, tenant, scopes, models, limits = {} } = { ...KEY_DEFAULTS, ...written };
  return new KnownCaller({ key: id, tenant, scopes, models, quotas: quotasOf(limits) });
}

function digestIn(hash: string): Buffer {
  return Buffer.from(hash.slice('sha256:'.length), 'hex');
}
