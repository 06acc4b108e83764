import { withoutPassword } from '../../../src/redis/without-password';

const ERROR = "ERR unknown command 'AUTH', with args beginning with: 'user' 'ses@me'";

it.each([
  ['redis://user:ses%40me@localhost', ERROR.replace('ses@me', '***')],
  ['redis://localhost', ERROR],
])('the error of a Redis at %s has no password', (url, expected) => {
  expect(withoutPassword(ERROR, url)).toBe(expected);
});
