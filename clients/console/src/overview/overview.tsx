import { Chart, type Line } from '../ui/chart.tsx';
import { bytes, milliseconds, NONE, percent, short, span } from '../ui/format.ts';
import { Empty, Fact, Section, State, Table, type Head } from '../ui/parts.tsx';
import { useStore } from '../ui/use-console.ts';
import { ErrorList } from './error-list.tsx';
import { ModelTable } from './model-table.tsx';

export const REQUESTS: readonly Line[] = [
  { field: 'requests', label: 'requests', color: 'blue' },
  { field: 'errors', label: 'errors', color: 'red', dash: [4, 3] },
];
export const LATENCY: readonly Line[] = [
  { field: 'p50', label: 'p50', color: 'blue' },
  { field: 'p95', label: 'p95', color: 'orange', dash: [6, 3] },
  { field: 'p99', label: 'p99', color: 'red', dash: [2, 3] },
];
export const QUEUE: readonly Line[] = [{ field: 'queue', label: 'waiting', color: 'purple' }];
export const BATCH: readonly Line[] = [{ field: 'batch', label: 'rows per run', color: 'green' }];

/** The gateway and all models. */
export function Overview() {
  const store = useStore();
  return (
    <>
      <h1 class="hidden">Overview</h1>
      <GatewayFacts />
      <div class="charts">
        <Chart title="Requests per second" lines={REQUESTS} history={store.total} format={short} />
        <Chart title="Latency" lines={LATENCY} history={store.total} format={milliseconds} />
        <Chart title="Queue" lines={QUEUE} history={store.total} format={short} />
        <Chart title="Batch size" lines={BATCH} history={store.total} format={short} />
      </div>
      <ModelTable models={store.all} />
      <Section title="Last errors" note={store.isAdmin ? undefined : 'of your own requests'}>
        <ErrorList errors={store.errors} empty="No request has failed since the start." />
      </Section>
      <Usage />
    </>
  );
}

function GatewayFacts() {
  const { gateway } = useStore();
  if (gateway === undefined) return null;
  const share = gateway.in_flight_bytes / gateway.in_flight_limit_bytes;
  return (
    <section aria-label="Gateway">
      <dl class="facts panel">
        <Fact name="Gateway">
          <State state={gateway.state} />
        </Fact>
        <Fact name="Version">{gateway.version}</Fact>
        <Fact name="Up">{span((Date.now() - gateway.started) / 1000)}</Fact>
        <Fact name="Processes">{gateway.processes}</Fact>
        <Fact name="CPU" title="CPU time of the gateway processes, runners not included">
          {short(gateway.cpu_cores)} cores
        </Fact>
        <Fact name="Memory" title="Resident memory of the gateway processes, runners not included">
          {bytes(gateway.memory_bytes)}
        </Fact>
        <Fact name="Event loop p99" title="Delay of the event loop of the slowest process">
          {milliseconds(gateway.event_loop_ms)}
        </Fact>
        <Fact name="Connections">{gateway.connections}</Fact>
        <Fact
          name="In flight"
          title={`Memory of requests in flight: ${percent(share)} of ${bytes(gateway.in_flight_limit_bytes)}`}
        >
          {bytes(gateway.in_flight_bytes)}
        </Fact>
      </dl>
    </section>
  );
}

const USAGE: readonly Head[] = [
  'Tenant',
  'Key',
  ['Requests', 'number'],
  ['Failed', 'number'],
  ['Rows', 'number'],
];

function Usage() {
  const { isAdmin, usage } = useStore();
  // Without identity, all requests count for one client without a name.
  const hasIdentity = usage.some(({ tenant, key }) => tenant !== '' || key !== '');
  if (!isAdmin || (usage.length > 0 && !hasIdentity)) return null;
  const hasTokens = usage.some(({ tokens }) => tokens > 0);
  return (
    <Section title="Usage by client" note="this hour">
      {usage.length === 0 ? (
        <Empty>No client has sent a request in this hour.</Empty>
      ) : (
        <Table label="Usage by client" head={hasTokens ? [...USAGE, ['Tokens', 'number']] : USAGE}>
          {usage.map((each) => (
            <tr key={`${each.tenant}/${each.key}`}>
              <th scope="row">{each.tenant || NONE}</th>
              <td>{each.key || 'without credentials'}</td>
              <td class="number">{each.requests.toLocaleString()}</td>
              <td class={each.failed_requests > 0 ? 'number bad' : 'number'}>
                {each.failed_requests.toLocaleString()}
              </td>
              <td class="number">{each.rows.toLocaleString()}</td>
              {hasTokens && <td class="number">{each.tokens.toLocaleString()}</td>}
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
