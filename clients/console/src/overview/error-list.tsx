import type { ConsoleError } from '../data/schemas.ts';
import { moment } from '../ui/format.ts';
import { Empty } from '../ui/parts.tsx';
import { modelHref } from '../ui/route.ts';
import { useStore } from '../ui/use-console.ts';

const AT_FIRST = 20;

/** Failed requests, newest first. */
export function ErrorList({ errors, empty }: { errors: readonly ConsoleError[]; empty: string }) {
  const { all } = useStore();
  if (errors.length === 0) return <Empty>{empty}</Empty>;
  const models = new Set(all.map(({ model }) => model));
  return (
    <ol class="errors panel" tabIndex={0} aria-label="Failed requests, newest first">
      {errors.slice(0, AT_FIRST).map((error) => (
        <OneError key={error.id} error={error} isServed={models.has(error.model ?? '')} />
      ))}
    </ol>
  );
}

function OneError({ error, isServed }: { error: ConsoleError; isServed: boolean }) {
  const { time, status, code, message, model, version, caller, path, request_id, count } = error;
  const name = version === undefined ? model : `${model}/${version}`;
  return (
    <li>
      <div class="row">
        <span class="tag bad">
          {status} {code}
        </span>
        {model !== undefined && (isServed ? <a href={modelHref(model)}>{name}</a> : <span>{name}</span>)}
        {count > 1 && <span class="muted">{count.toLocaleString()} times</span>}
        <time class="muted" dateTime={new Date(time).toISOString()}>
          {moment(time)}
        </time>
      </div>
      <p>{message}</p>
      <p class="muted small">
        <code>{path}</code> by {caller} · request <code>{request_id}</code>
      </p>
    </li>
  );
}
