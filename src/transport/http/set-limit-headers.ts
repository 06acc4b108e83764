import type { FastifyReply } from 'fastify';
import type { Standing } from '../../limits/verdict';
import { writeLimitHeaders } from '../limit-headers';

/** Reports the limits of `standings` in the headers of `reply`. */
export function setLimitHeaders(reply: FastifyReply, standings: readonly Standing[]): void {
  writeLimitHeaders(standings, (name, value) => void reply.header(name, value));
}
