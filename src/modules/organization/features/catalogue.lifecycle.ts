import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import { Feature } from './catalogue.repository.ts';
import type { FeatureRow } from './catalogue.repository.ts';

const permission = 'operator:feature:move';
const fields = exact({ reason: text(500) });

/** active <-> killed, either -> retired. Each counts with the next question, on every instance: nothing is cached. */
export const featureLifecycle = lifecycle<FeatureRow>({
  entity: Feature,
  initial: 'active',
  moves: {
    kill: move({
      from: ['active'],
      to: 'killed',
      permission,
      summary: 'Switch a feature off for everybody, whatever was granted',
      fields,
    }),
    revive: move({
      from: ['killed'],
      to: 'active',
      permission,
      summary: 'Take a killed feature back: who had it has it again',
    }),
    retire: move({
      from: ['active', 'killed'],
      to: 'retired',
      permission,
      summary: 'Give a feature up for good: nobody has it, nobody is told of it',
      fields,
    }),
  },
});
