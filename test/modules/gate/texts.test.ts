import { expect } from 'chai';
import * as fc from 'fast-check';
import { decide } from '../../../src/modules/gate/decide.ts';
import { OVERRIDE_PROBLEMS } from '../../../src/modules/gate/override.ts';
import { GATE_REASONS, OUTCOMES } from '../../../src/modules/gate/reasons.ts';
import { DEFAULT_GATE_RULES } from '../../../src/modules/gate/rules.ts';
import { createI18n } from '../../../src/platform/i18n/i18n.ts';
import { LOCALES } from '../../../src/platform/i18n/locales.ts';
import { anyFacts } from './facts.ts';

describe('gate: texts', () => {
  const { t } = createI18n({ folder: `${import.meta.dirname}/../../../locales` });

  it('has a text for every reason in every language, filled by the params that the decision gives', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyFacts, (facts) => {
        for (const { code, params } of decide(facts, DEFAULT_GATE_RULES).reasons) {
          seen.add(code);
          for (const locale of LOCALES) {
            const ofEquipment = 'equipment' in params;
            const text = t(locale, `gate:reason.${code}`, { ...params, ...(ofEquipment && { context: 'equipment' }) });
            expect(text).to.not.match(/\{\{|undefined|NaN/);
            if (ofEquipment) expect(text).to.include(params['equipment']);
          }
        }
      }),
      { numRuns: 1000, seed: 17 },
    );
    expect([...seen].toSorted()).to.deep.equal([...GATE_REASONS].toSorted());
  });

  it('has a text for every outcome and every refusal of an override', () => {
    for (const locale of LOCALES) {
      const texts = [
        ...OUTCOMES.map((outcome) => t(locale, `gate:outcome.${outcome}`)),
        ...OVERRIDE_PROBLEMS.map((problem) => t(locale, `gate:overrideProblem.${problem}`)),
      ];
      expect(new Set(texts).size).to.equal(texts.length);
    }
  });
});
