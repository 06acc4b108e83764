/** The bucket and the prefix of `scheme://bucket/prefix`. A prefix that is not empty ends with a slash: it is a folder. */
export function bucketAndPrefix(url: string): readonly [string, string] {
  const [, bucket = '', path = ''] = /^\w+:\/\/([^/]+)\/?(.*)$/.exec(url) ?? [];
  const prefix = path.replace(/\/+$/, '');
  return [bucket, prefix === '' ? '' : `${prefix}/`];
}
