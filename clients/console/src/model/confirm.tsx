import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, type Call } from '../data/api.ts';
import { useConsole } from '../ui/use-console.ts';

/** A change that an operator confirms. */
export interface Change {
  readonly title: string;
  /** What will happen. */
  readonly effect: string;
  readonly verb: string;
  /** What is said once it has happened. */
  readonly done: string;
  readonly isDangerous?: boolean;
  readonly call: Call;
}

interface Props {
  readonly change: Change;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Says what will happen, and does it if the operator agrees. An error of the API is shown as it is. */
export function Confirm({ change, onDone, onClose }: Props) {
  const { api, announce } = useConsole();
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError>();
  useEffect(() => dialog.current?.showModal(), []);

  const act = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await api.send(change.call);
      announce(change.done);
      onDone();
      onClose();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const { method, path, json } = change.call;
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="confirm-title" aria-describedby="confirm-effect">
      <form onSubmit={(event) => void act(event)}>
        <h2 id="confirm-title">{change.title}</h2>
        <p id="confirm-effect">{change.effect}</p>
        <pre class="code" tabIndex={0} aria-label="Request">
          {method} /{path}
          {json === undefined ? '' : `\n${JSON.stringify(json)}`}
        </pre>
        {failure && (
          <p class="banner bad" role="alert">
            {failure.message}
          </p>
        )}
        <div class="row end">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={change.isDangerous ? 'danger' : 'primary'} disabled={isBusy}>
            {isBusy ? 'Working …' : change.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
