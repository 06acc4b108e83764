import { useState } from 'preact/hooks';
import { modelPath } from '../data/api.ts';
import type { ConsoleModel, ModelDetails } from '../data/schemas.ts';
import { bytes, milliseconds, moment, NONE, percent } from '../ui/format.ts';
import { Section, State, Table, type Head } from '../ui/parts.tsx';
import { useStore } from '../ui/use-console.ts';
import { Confirm, type Change } from './confirm.tsx';

const HEAD: readonly Head[] = [
  'Version',
  'State',
  ['Traffic', 'number'],
  'Device',
  ['Memory', 'number'],
  'Runners',
  'Loaded',
];

interface Props {
  readonly model: string;
  readonly versions: readonly ConsoleModel[];
  readonly details: ModelDetails | undefined;
  readonly onChange: () => void;
}

/** The versions of a model, with buttons for those who may change them. */
export function Versions({ model, versions, details, onChange }: Props) {
  const { isAdmin } = useStore();
  const [change, setChange] = useState<Change>();
  const buttons = isAdmin && (
    <>
      <button type="button" onClick={() => setChange(loadAll(model))}>
        Load model
      </button>
      {versions.some(({ state }) => state !== 'UNAVAILABLE') && (
        <button type="button" onClick={() => setChange(unloadAll(model))}>
          Unload model
        </button>
      )}
    </>
  );
  return (
    <Section title="Versions" aside={buttons}>
      <Table label="Versions" head={isAdmin ? [...HEAD, ''] : HEAD}>
        {versions.map((each) => {
          const known = details?.versions.find(({ version }) => version === each.version);
          return (
            <tr key={each.version}>
              <th scope="row">
                {each.version}
                {each.aliases.map((alias) => (
                  <span key={alias} class="tag">
                    {alias}
                  </span>
                ))}
              </th>
              <td title={each.reason}>
                <State state={each.state} reason={each.reason} />
              </td>
              <td class="number">{percent(each.traffic)}</td>
              <td>{each.device?.toUpperCase() ?? NONE}</td>
              <td class="number">{bytes(each.memory_bytes)}</td>
              <td>
                {known && known.instances > 0
                  ? `${known.instances} × ${known.threads} thread${known.threads === 1 ? '' : 's'}`
                  : NONE}
              </td>
              <td title={known?.load_ms === undefined ? '' : `in ${milliseconds(known.load_ms)}`}>
                {known?.loaded_at === undefined ? NONE : moment(Date.parse(known.loaded_at))}
              </td>
              {isAdmin && (
                <td class="actions">
                  <Buttons model={model} version={each} onChoose={setChange} />
                </td>
              )}
            </tr>
          );
        })}
      </Table>
      {change && <Confirm change={change} onDone={onChange} onClose={() => setChange(undefined)} />}
    </Section>
  );
}

interface ButtonsProps {
  readonly model: string;
  readonly version: ConsoleModel;
  readonly onChoose: (change: Change) => void;
}

function Buttons({ model, version: { version, state, traffic }, onChoose }: ButtonsProps) {
  if (state === 'UNAVAILABLE')
    return (
      <button
        type="button"
        onClick={() => onChoose(loadOne(model, version))}
        aria-label={`Load version ${version}`}
      >
        Load
      </button>
    );
  if (state !== 'READY') return null;
  return (
    <>
      {traffic < 1 && (
        <button
          type="button"
          onClick={() => onChoose(promote(model, version))}
          aria-label={`Promote version ${version}`}
        >
          Promote
        </button>
      )}
      <button
        type="button"
        onClick={() => onChoose(unloadOne(model, version))}
        aria-label={`Unload version ${version}`}
      >
        Unload
      </button>
    </>
  );
}

function versionPath(model: string, version: string, what: string): string {
  return modelPath(model, `/versions/${encodeURIComponent(version)}/${what}`);
}

function loadOne(model: string, version: string): Change {
  return {
    title: `Load version ${version} of ${model}?`,
    effect: 'Nexus reads the model files and starts runners. The version receives requests once it is ready.',
    verb: 'Load',
    done: `Version ${version} of ${model} is loaded`,
    call: { method: 'POST', path: versionPath(model, version, 'load') },
  };
}

function unloadOne(model: string, version: string): Change {
  return {
    title: `Unload version ${version} of ${model}?`,
    effect:
      'Requests that were accepted finish first. Later requests go to the other ready versions, or fail if there are none.',
    verb: 'Unload',
    done: `Version ${version} of ${model} is unloaded`,
    isDangerous: true,
    call: { method: 'POST', path: versionPath(model, version, 'unload') },
  };
}

function loadAll(model: string): Change {
  return {
    title: `Load ${model}?`,
    effect:
      'Nexus reads the model folder again and loads the versions that the version policy names. Versions that have not changed stay as they are.',
    verb: 'Load',
    done: `${model} is loaded`,
    call: { method: 'POST', path: `v2/repository/models/${encodeURIComponent(model)}/load`, json: {} },
  };
}

function unloadAll(model: string): Change {
  return {
    title: `Unload ${model}?`,
    effect:
      'Requests that were accepted finish first. Later requests to the model fail until it is loaded again.',
    verb: 'Unload',
    done: `${model} is unloaded`,
    isDangerous: true,
    call: { method: 'POST', path: `v2/repository/models/${encodeURIComponent(model)}/unload`, json: {} },
  };
}

function promote(model: string, version: string): Change {
  return {
    title: `Promote version ${version} of ${model}?`,
    effect: `All requests that name no version go to version ${version}. A shadow ends. Rollback undoes this.`,
    verb: 'Promote',
    done: `Version ${version} of ${model} receives the traffic`,
    call: { method: 'POST', path: modelPath(model, '/promote'), json: { version } },
  };
}
