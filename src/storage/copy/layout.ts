import { StoreFault, type StoredObject } from '../store';

/** An object, and the path of its file in the local copy of the repository. */
export interface PlacedObject {
  readonly object: StoredObject;
  readonly path: string;
}

/** Limits of the most common file systems, with room for the folder of the copy. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 2048;
const MAX_DEPTH = 16;

/** Files and folders that make a repository the folder of one model. */
const OF_ONE_MODEL =
  /^([^/]+\.onnx|config\.json|tokenizer\.json|model\.yaml|config\.pbtxt|[1-9][0-9]*\/.+)$/i;

/**
 * Places `objects`, whose paths are not trusted, in the local copy of the repository at `url`. A repository that is the folder
 * of one model becomes a repository with this model, named after the URL. Folders and hidden files are left out.
 * @throws StoreFault if a path cannot be that of a file, or there are no files.
 */
export function placeObjects(objects: readonly StoredObject[], url: string): readonly PlacedObject[] {
  const files = objects.filter(
    ({ path }) => path !== '' && !path.endsWith('/') && !/(^|\/)\.[^./]/.test(path),
  );
  files.forEach(({ path }) => requireSafePath(path, url));
  if (files.length === 0)
    throw new StoreFault('refused', `${url}: no files found; upload models first, or correct the URL`);
  const isOneModel = files.some(({ path }) => OF_ONE_MODEL.test(path));
  const folder = isOneModel ? `${nameOf(url)}/` : '';
  const placed = files
    .map((object) => ({ object, path: folder + object.path }))
    .filter(({ path }) => isRead(path));
  requireNoFileInFile(
    placed.map(({ path }) => path),
    url,
  );
  return placed;
}

/** Whether the file is that of a model, or the settings of a model on other servers. */
function isRead(path: string): boolean {
  return !path.startsWith('_') && (path.includes('/') || path.endsWith('.yaml'));
}

/** The name of the only model at `url`: of its file, or of the folder if the file is named model.onnx. */
function nameOf(url: string): string {
  const path = url.replace(/^\w+:\/\//, '').replace(/\/+$/, '');
  const [last = '', folder = 'model'] = path.split('/').toReversed();
  const file = /^(.+)\.onnx$/i.exec(last)?.[1];
  const name =
    file === undefined ? (/SHA256SUMS$/i.test(last) ? folder : last) : file === 'model' ? folder : file;
  return (
    name
      .replace(/@.*$/, '')
      .replaceAll(/[^\w.-]/g, '-')
      .replace(/^[._]+/, '') || 'model'
  );
}

/** @throws StoreFault */
function requireSafePath(path: string, url: string): void {
  const parts = path.split('/');
  const fault = parts.some((part) => part === '' || part === '.' || part === '..')
    ? 'an empty name, . or ..'
    : // oxlint-disable-next-line no-control-regex -- these are what is refused
      /[\u0000-\u001f\u007f\\]/.test(path)
      ? 'a control character or a backslash'
      : parts.length > MAX_DEPTH
        ? `more than ${MAX_DEPTH} folders`
        : parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES) ||
            Buffer.byteLength(path) > MAX_PATH_BYTES
          ? `a name of more than ${MAX_NAME_BYTES} bytes, or more than ${MAX_PATH_BYTES} bytes`
          : '';
  if (fault !== '')
    throw new StoreFault(
      'invalid',
      `${url}: the path ${JSON.stringify(path.slice(0, 200))} has ${fault}; rename or remove the object`,
    );
}

/** @throws StoreFault if a path is a file and also the folder of another, or occurs twice. */
function requireNoFileInFile(paths: readonly string[], url: string): void {
  const files = new Set<string>();
  const refuse = (path: string) => {
    throw new StoreFault(
      'invalid',
      `${url}: ${path} is a file and a folder, or is there twice; remove one of them`,
    );
  };
  for (const path of paths) {
    if (files.has(path)) refuse(path);
    files.add(path);
  }
  for (const path of paths)
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      if (files.has(path.slice(0, end))) refuse(path.slice(0, end));
}
