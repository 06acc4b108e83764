import { useEffect, useState } from 'preact/hooks';

interface Props {
  readonly file: File | undefined;
  readonly onChoose: (file: File) => void;
}

/** A picture that is dropped, pasted or chosen. */
export function Picture({ file, onChoose }: Props) {
  const [isOver, setOver] = useState(false);
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (file === undefined) return undefined;
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  const take = (files: FileList | null | undefined) => {
    const picture = [...(files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (picture !== undefined) onChoose(picture);
  };
  return (
    <div>
      <label
        class={isOver ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer?.files);
        }}
        onPaste={(event) => take(event.clipboardData?.files)}
      >
        <input
          type="file"
          accept="image/*"
          class="hidden"
          onChange={({ currentTarget }) => take(currentTarget.files)}
        />
        {address === undefined ? (
          <span>
            <strong>Choose a picture</strong>, or drop it here
          </span>
        ) : (
          <>
            <img src={address} alt="The chosen picture" />
            <span class="muted small">{file?.name}: choose or drop another one</span>
          </>
        )}
      </label>
      <button type="button" class="quiet" onClick={() => void writtenLine().then(onChoose)}>
        Use a test picture
      </button>
    </div>
  );
}

/** A picture of one line of text. */
async function writtenLine(): Promise<File> {
  const canvas = new OffscreenCanvas(384, 96);
  const context = canvas.getContext('2d')!;
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = 'black';
  context.font = '44px sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText('Hello from Nexus', canvas.width / 2, canvas.height / 2);
  return new File([await canvas.convertToBlob()], 'test-picture.png', { type: 'image/png' });
}
