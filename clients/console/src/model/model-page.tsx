import { useEffect, useState } from 'preact/hooks';
import { ApiError, modelPath } from '../data/api.ts';
import type { ConsoleModel, ModelDetails } from '../data/schemas.ts';
import { BATCH, LATENCY, QUEUE, REQUESTS } from '../overview/overview.tsx';
import { ErrorList } from '../overview/error-list.tsx';
import { TryIt } from '../try-it/try-it.tsx';
import { Chart } from '../ui/chart.tsx';
import { bytes, milliseconds, percent, short } from '../ui/format.ts';
import { Empty, Fact, Section, State, worstOf } from '../ui/parts.tsx';
import { useConsole, useStore } from '../ui/use-console.ts';
import { ErrorKinds } from './error-kinds.tsx';
import { Rollout } from './rollout.tsx';
import { Signature } from './signature.tsx';
import { Targets } from './targets.tsx';
import { Versions } from './versions.tsx';

/** One model, with all of its versions. */
export function ModelPage({ model }: { model: string }) {
  const store = useStore();
  const versions = store.versionsOf(model);
  const [chosen, setChosen] = useState<string>();
  const { details, failure, reload } = useDetails(model, versions);
  const version = versions.find((each) => each.version === chosen) ?? busiest(versions);

  if (version === undefined && failure !== undefined)
    return (
      <>
        <Title model={model} versions={[]} />
        <Empty>{failure.message}</Empty>
      </>
    );
  const described = details?.versions.find((each) => each.version === version?.version);
  const history = version && store.historyOf(model, version.version);
  return (
    <>
      <Title model={model} versions={versions} description={details?.description} />
      {versions.map(({ version: name, state, reason }) =>
        reason === '' || reason === 'unloaded' ? null : (
          <p key={name} class={state === 'UNAVAILABLE' ? 'banner bad' : 'banner'}>
            Version {name}: {reason}
          </p>
        ),
      )}
      <div class="columns">
        <div class="main-column">
          {version && <Facts version={version} />}
          {versions.length > 1 && (
            <p class="row">
              <label for="version">Charts of version</label>
              <select
                id="version"
                value={version?.version}
                onChange={({ currentTarget }) => setChosen(currentTarget.value)}
              >
                {versions.map(({ version: name }) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </p>
          )}
          {history === undefined ? (
            <p class="empty panel">No requests yet. The charts appear with the first one.</p>
          ) : (
            <div class="charts" key={version?.version}>
              <Chart title="Requests per second" lines={REQUESTS} history={history} format={short} />
              <Chart title="Latency" lines={LATENCY} history={history} format={milliseconds} />
              <Chart title="Queue" lines={QUEUE} history={history} format={short} />
              <Chart title="Batch size" lines={BATCH} history={history} format={short} />
            </div>
          )}
          <Versions model={model} versions={versions} details={details} onChange={reload} />
          <Rollout model={model} versions={versions} onChange={reload} />
          <Targets versions={versions} />
          <ErrorKinds versions={versions} />
          <Section title="Last errors">
            <ErrorList
              errors={store.errors.filter((error) => error.model === model)}
              empty="No request to this model is among the last that failed."
            />
          </Section>
        </div>
        <div class="side-column" id="try">
          {versions.length > 0 && versions.every(({ state }) => state !== 'READY') ? (
            <Section title="Try it">
              <Empty>No version is ready. Load one to send it requests.</Empty>
            </Section>
          ) : details === undefined ? (
            <div class="skeleton tall" aria-busy="true" />
          ) : (
            <TryIt key={described?.loaded_at} details={details} versions={versions} />
          )}
          {described?.signature && <Signature version={described} />}
        </div>
      </div>
    </>
  );
}

function Title(props: {
  model: string;
  versions: readonly ConsoleModel[];
  description?: string | undefined;
}) {
  const worst = worstOf(props.versions);
  return (
    <div class="title">
      <nav aria-label="Path">
        <a href="#/">Models</a> <span aria-hidden="true">/</span>
      </nav>
      <h1>{props.model}</h1>
      {worst && <State state={worst.state} reason={worst.reason} />}
      <button
        type="button"
        class="jump"
        onClick={() => document.getElementById('try')?.scrollIntoView({ block: 'start' })}
      >
        Try it
      </button>
      {props.description && <p class="muted">{props.description}</p>}
    </div>
  );
}

function Facts({ version }: { version: ConsoleModel }) {
  const { requests_per_s, errors_per_s, cache_hits, queue_requests, running, restarts, memory_bytes } =
    version;
  return (
    <dl class="facts panel" aria-label={`Version ${version.version} now`}>
      <Fact name="Requests/s">{short(requests_per_s)}</Fact>
      <Fact name="Errors/s">
        <span class={errors_per_s > 0 ? 'bad' : ''}>{short(errors_per_s)}</span>
      </Fact>
      <Fact name="Rows/s">{short(version.rows_per_s)}</Fact>
      <Fact name="Queue">{short(queue_requests)}</Fact>
      <Fact name="Running">{short(running)}</Fact>
      <Fact name="Cache hits">{percent(cache_hits)}</Fact>
      <Fact name="Memory">{bytes(memory_bytes)}</Fact>
      <Fact name="Restarts">
        <span class={restarts > 0 ? 'bad' : ''}>{restarts}</span>
      </Fact>
    </dl>
  );
}

/** The version that requests without a version go to, otherwise the newest. */
function busiest(versions: readonly ConsoleModel[]): ConsoleModel | undefined {
  return versions.toSorted((one, other) => other.traffic - one.traffic)[0];
}

/** What the API knows of a model, read again whenever the state of one of its versions changes. */
function useDetails(model: string, versions: readonly ConsoleModel[]) {
  const { api } = useConsole();
  const [details, setDetails] = useState<ModelDetails>();
  const [failure, setFailure] = useState<ApiError>();
  const [count, setCount] = useState(0);
  const states = versions.map(({ version, state, reason }) => `${version} ${state} ${reason}`).join();
  useEffect(() => {
    const abort = new AbortController();
    api.get<ModelDetails>(modelPath(model), abort.signal).then(
      (read) => {
        setDetails(read);
        setFailure(undefined);
      },
      (error: unknown) => {
        if (error instanceof ApiError) setFailure(error);
      },
    );
    return () => abort.abort();
  }, [api, model, states, count]);
  return { details, failure, reload: () => setCount((before) => before + 1) };
}
