import { useEffect, useState } from 'preact/hooks';
import { ApiError, modelPath } from '../data/api.ts';
import type { ConsoleModel, ModelShadow, Traffic } from '../data/schemas.ts';
import { milliseconds, moment, NONE, percent } from '../ui/format.ts';
import { Fact, Section, Table } from '../ui/parts.tsx';
import { useConsole, useStore } from '../ui/use-console.ts';
import { Confirm, type Change } from './confirm.tsx';

const POLL_MS = 5000;

interface Props {
  readonly model: string;
  readonly versions: readonly ConsoleModel[];
  readonly onChange: () => void;
}

/** How the traffic is split, and how the shadow compares. */
export function Rollout({ model, versions, onChange }: Props) {
  const { isAdmin } = useStore();
  const [change, setChange] = useState<Change>();
  const { traffic, shadow } = useRollout(model, versions);
  const serving = versions.filter((each) => each.traffic > 0);
  const aliases = versions.flatMap((each) => each.aliases.map((alias) => [alias, each.version] as const));
  const button = isAdmin && (
    <button type="button" onClick={() => setChange(rollBack(model))}>
      Roll back
    </button>
  );
  return (
    <Section title="Roll-out" aside={button}>
      <div class="panel padded">
        <div class="shares" aria-hidden="true">
          {serving.map(({ version, traffic: share }, index) => (
            <span key={version} class={`share c${index % 4}`} style={{ flexGrow: String(share) }} />
          ))}
        </div>
        <p class="shares-text">
          {serving.length === 0 && 'No version receives requests that name no version.'}
          {serving.map(({ version, traffic: share }, index) => (
            <span key={version}>
              <i class={`swatch c${index % 4}`} aria-hidden="true" />
              Version {version}: {percent(share)}
            </span>
          ))}
        </p>
        <p class="muted small">
          {traffic == null
            ? 'No traffic is set: the newest ready version receives the requests that name no version.'
            : `Set weights: ${weightsOf(traffic)}.`}
          {aliases.length > 0 && ` Aliases: ${aliases.map(([alias, to]) => `${alias} → ${to}`).join(', ')}.`}
        </p>
      </div>
      {shadow?.shadow && <Shadow report={shadow.shadow} />}
      {change && <Confirm change={change} onDone={onChange} onClose={() => setChange(undefined)} />}
    </Section>
  );
}

function weightsOf({ weights, sticky, shadow }: Traffic): string {
  const parts = Object.entries(weights).map(([version, weight]) => `version ${version} ${weight}`);
  if (sticky) parts.push('each client stays with one version');
  if (shadow) parts.push(`version ${shadow.version} shadows ${percent(shadow.share)}`);
  return parts.join(', ');
}

function Shadow({ report }: { report: NonNullable<ModelShadow['shadow']> }) {
  const { version, active, since, requests, outputs, mean_latency_ms, last_failure } = report;
  return (
    <>
      <h3>Shadow: version {version}</h3>
      <dl class="facts panel">
        <Fact name="Shadow">{active ? 'Active' : 'Ended'}</Fact>
        <Fact name="Since">{moment(Date.parse(since))}</Fact>
        <Fact name="Compared">{requests.compared.toLocaleString()}</Fact>
        <Fact name="Failed">
          <span class={requests.failed > 0 ? 'bad' : ''}>{requests.failed.toLocaleString()}</span>
        </Fact>
        <Fact name="Dropped">{requests.dropped.toLocaleString()}</Fact>
        <Fact name="Serving, mean">{milliseconds(mean_latency_ms.answering)}</Fact>
        <Fact name="Shadow, mean">{milliseconds(mean_latency_ms.shadow)}</Fact>
      </dl>
      {outputs.length > 0 && (
        <Table
          label="Outputs of the shadow"
          head={[
            'Output',
            ['Equal', 'number'],
            ['Same label', 'number'],
            ['Largest difference', 'number'],
            ['Not comparable', 'number'],
          ]}
        >
          {outputs.map((output) => (
            <tr key={output.name}>
              <th scope="row">{output.name}</th>
              <td class="number">
                {percent(requests.compared === 0 ? null : output.equal / requests.compared)}
              </td>
              <td class="number">{percent(output.label_agreement)}</td>
              <td class="number">{output.max_abs_difference?.toPrecision(3) ?? NONE}</td>
              <td class="number">{output.incomparable.toLocaleString()}</td>
            </tr>
          ))}
        </Table>
      )}
      {last_failure !== null && <p class="banner bad">Last failure of the shadow: {last_failure}</p>}
    </>
  );
}

function rollBack(model: string): Change {
  return {
    title: `Roll back the traffic of ${model}?`,
    effect: 'This undoes the last change of the traffic. A second rollback restores it.',
    verb: 'Roll back',
    done: `The traffic of ${model} is rolled back`,
    isDangerous: true,
    call: { method: 'POST', path: modelPath(model, '/rollback') },
  };
}

/** The traffic that is set and the report of the shadow, read every few seconds and after each change. */
function useRollout(model: string, versions: readonly ConsoleModel[]) {
  const { api } = useConsole();
  const [traffic, setTraffic] = useState<Traffic | null>();
  const [shadow, setShadow] = useState<ModelShadow>();
  const isServed = versions.some(({ reason }) => reason !== 'unloaded');
  const shares = versions.map((each) => `${each.version} ${each.traffic}`).join();
  useEffect(() => {
    if (!isServed) return undefined;
    const abort = new AbortController();
    const read = async () => {
      try {
        const [current, compared] = await Promise.all([
          api.get<{ traffic: Traffic | null }>(modelPath(model, '/traffic'), abort.signal),
          api.get<ModelShadow>(modelPath(model, '/shadow'), abort.signal),
        ]);
        setTraffic(current.traffic);
        setShadow(compared);
      } catch (error) {
        // The page shows that the gateway is gone; this part keeps its last values until the next reading.
        if (!(error instanceof ApiError) && !abort.signal.aborted) throw error;
      }
    };
    void read();
    const timer = setInterval(() => void read(), POLL_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [api, model, shares, isServed]);
  return { traffic, shadow };
}
