import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, modelPath, type Call } from '../data/api.ts';
import type { ConsoleModel, ModelDetails } from '../data/schemas.ts';
import { Section } from '../ui/parts.tsx';
import { useConsole } from '../ui/use-console.ts';
import { Answer, type Answered } from './answer.tsx';
import { Code } from './code-panel.tsx';
import { Drawing } from './drawing.tsx';
import {
  editorFor,
  inventedFor,
  pixelsOf,
  textOf,
  valueOf,
  withElements,
  type Editor,
  type Inputs,
} from './editors.ts';
import { exampleOf } from './examples.ts';
import { Form } from './form.tsx';
import { JsonEditor } from './json-editor.tsx';
import { Picture } from './picture.tsx';
import { Chat, Rerank } from './texts.tsx';

interface Props {
  readonly details: ModelDetails;
  readonly versions: readonly ConsoleModel[];
}

/** Sends requests to a model, with an editor that suits its inputs. */
export function TryIt({ details, versions }: Props) {
  const { api, store } = useConsole();
  const [example, setExample] = useState<Inputs | null>();
  const model = details.name;
  const busiest = versions.toSorted((one, other) => other.traffic - one.traffic)[0];
  const version =
    details.versions.find((each) => each.version === busiest?.version && each.signature !== undefined) ??
    details.versions.find(({ signature }) => signature !== undefined) ??
    details.versions[0];
  useEffect(() => {
    let isCurrent = true;
    void exampleOf(api, model, store.models.size).then((found) => {
      if (isCurrent) setExample(found ?? null);
    });
    return () => {
      isCurrent = false;
    };
  }, [api, model, store]);

  if (version === undefined) return null;
  if (example === undefined) return <div class="skeleton tall" aria-busy="true" />;
  const inputs = example ?? inventedFor(version);
  const platform = busiest?.platform ?? 'onnxruntime_onnx';
  const ready = versions.filter(({ state }) => state === 'READY').map((each) => each.version);
  return <Panel model={model} ready={ready} editor={editorFor(version, platform, inputs)} example={inputs} />;
}

interface PanelProps {
  readonly model: string;
  readonly ready: readonly string[];
  readonly editor: Editor;
  readonly example: Inputs;
}

function Panel({ model, ready, editor, example }: PanelProps) {
  const { api } = useConsole();
  const [inputs, setInputs] = useState(example);
  const [file, setFile] = useState<File>();
  const [body, setBody] = useState<unknown>();
  const [asJson, setAsJson] = useState(editor.kind === 'json');
  const [target, setTarget] = useState('');
  const [answer, setAnswer] = useState<Answered>();
  const [failure, setFailure] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const running = useRef<AbortController>(undefined);
  const call = callFor();
  const latest = useRef(call);
  latest.current = call;

  function callFor(): Call | undefined {
    const below = target === '' ? '/predict' : `/versions/${encodeURIComponent(target)}/predict`;
    const predict = { method: 'POST', path: modelPath(model, below) } as const;
    if (asJson) return body === undefined ? undefined : { ...predict, json: body };
    if (editor.kind === 'picture') return file && { ...predict, file };
    if (editor.kind === 'chat')
      return body ? { method: 'POST', path: 'v1/chat/completions', json: body } : undefined;
    if (editor.kind === 'rerank') return body ? { method: 'POST', path: 'v1/rerank', json: body } : undefined;
    return { ...predict, json: { inputs } };
  }

  const run = async () => {
    // Read when it is needed: a stroke ends before its last change is rendered.
    await Promise.resolve();
    const current = latest.current;
    if (current === undefined) return;
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    setBusy(true);
    const start = performance.now();
    try {
      const received = await api.json<unknown>(current, abort.signal);
      setAnswer({ body: received, ms: performance.now() - start });
      setFailure(undefined);
    } catch (error) {
      if (abort.signal.aborted) return;
      setAnswer(undefined);
      setFailure(error instanceof ApiError ? error : new ApiError(String(error), 0, 'unreadable', ''));
    } finally {
      if (running.current === abort) setBusy(false);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void run();
  };
  const change = (changed: Inputs) => setInputs(changed);
  const canJson = editor.kind !== 'json' && editor.kind !== 'chat' && editor.kind !== 'rerank';
  const toggle = () => {
    if (!asJson) setBody({ inputs: editor.kind === 'picture' ? example : inputs });
    setAsJson(!asJson);
  };
  return (
    <Section
      title="Try it"
      aside={
        canJson && (
          <button type="button" class="quiet" aria-pressed={asJson} onClick={toggle}>
            JSON
          </button>
        )
      }
    >
      <form class="try panel padded" onSubmit={submit}>
        {asJson ? (
          <JsonEditor start={body ?? { inputs }} onChange={setBody} />
        ) : (
          <Editing
            editor={editor}
            inputs={inputs}
            onChange={change}
            onRun={() => void run()}
            file={file}
            onFile={setFile}
            model={model}
            onBody={setBody}
          />
        )}
        <div class="row">
          <button type="submit" class="primary" disabled={call === undefined}>
            {isBusy ? 'Running …' : 'Run'}
          </button>
          {ready.length > 1 && editor.kind !== 'chat' && editor.kind !== 'rerank' && (
            <>
              <label for="target">Version</label>
              <select
                id="target"
                value={target}
                onChange={({ currentTarget }) => setTarget(currentTarget.value)}
              >
                <option value="">by traffic</option>
                {ready.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </>
          )}
        </div>
        <div aria-live="polite">
          {failure && (
            <p class="banner bad">
              {failure.message}
              {failure.requestId !== '' && <span class="muted small"> Request {failure.requestId}</span>}
            </p>
          )}
          {answer && <Answer answer={answer} />}
        </div>
        {call && <Code call={call} />}
      </form>
    </Section>
  );
}

interface EditingProps {
  readonly editor: Editor;
  readonly model: string;
  readonly inputs: Inputs;
  readonly onChange: (inputs: Inputs) => void;
  readonly onRun: () => void;
  readonly file: File | undefined;
  readonly onFile: (file: File) => void;
  readonly onBody: (body: unknown) => void;
}

function Editing({ editor, model, inputs, onChange, onRun, file, onFile, onBody }: EditingProps) {
  switch (editor.kind) {
    case 'draw': {
      const { grid } = editor;
      return (
        <Drawing
          grid={grid}
          pixels={pixelsOf(grid, inputs[grid.name])}
          onDraw={(pixels) => onChange({ ...inputs, [grid.name]: valueOf(grid, pixels) })}
          onEnd={onRun}
        />
      );
    }
    case 'picture':
      return (
        <Picture
          file={file}
          onChoose={(chosen) => {
            onFile(chosen);
            onRun();
          }}
        />
      );
    case 'text': {
      const value = inputs[editor.name]!;
      return (
        <label class="block">
          Text
          <textarea
            rows={4}
            value={textOf(value)}
            onInput={({ currentTarget }) =>
              onChange({ ...inputs, [editor.name]: withElements(value, () => currentTarget.value) })
            }
          />
        </label>
      );
    }
    case 'rerank':
      return <Rerank model={model} onBody={onBody} />;
    case 'chat':
      return <Chat model={model} onBody={onBody} />;
    case 'form':
      return <Form inputs={inputs} onChange={onChange} />;
    default:
      return null;
  }
}
