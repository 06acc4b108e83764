/**
 * `message` without the password in `url`. A server that does not know a command of the handshake repeats its arguments in
 * the error.
 */
export function withoutPassword(message: string, url: string): string {
  const { password } = new URL(url);
  return password === '' ? message : message.replaceAll(decodeURIComponent(password), '***');
}
