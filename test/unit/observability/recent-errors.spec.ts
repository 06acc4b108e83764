import { errors } from '../../../src/common/errors';
import { MAX_ERRORS, RecentErrors } from '../../../src/observability/log/recent-errors';

describe(RecentErrors, () => {
  const add = (recent: RecentErrors, caller: string, model: string) =>
    recent.add('id', 404, { error: errors.modelNotFound(model), caller, path: '/', model });

  it('keeps the errors of other clients when one client floods it', () => {
    const recent = new RecentErrors();
    add(recent, 'quiet', 'digits');
    for (let sent = 0; sent < 3 * MAX_ERRORS; sent++) add(recent, 'loud', `model-${sent}`);
    expect(recent.all).toHaveLength(MAX_ERRORS);
    expect(recent.all[0]).toMatchObject({ caller: 'quiet', model: 'digits', count: 1 });
    expect(recent.all.at(-1)).toMatchObject({ caller: 'loud', model: `model-${3 * MAX_ERRORS - 1}` });
  });
});
