import type { FastifyReply } from 'fastify';
import type { Standing } from '../../limits/verdict';
import { limitHeaders } from '../limit-headers';

/** Reports the limits of `standings` in the headers of `reply`. */
export function setLimitHeaders(reply: FastifyReply, standings: readonly Standing[]): void {
  for (const [name, value] of limitHeaders(standings)) reply.header(name, value);
}
