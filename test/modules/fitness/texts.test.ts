import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { BASELINE_STATUSES } from '../../../src/modules/fitness/baselines/baseline.ts';
import { ACTIONS, REASONS } from '../../../src/modules/fitness/classification/classify.ts';
import { METRICS_PROBLEMS, QUALITY_FLAGS } from '../../../src/modules/fitness/classification/metrics.ts';
import { POLICY_PROBLEMS, REQUIREMENT_KINDS } from '../../../src/modules/fitness/classification/policy.ts';
import { REQUIREMENT_STATUSES } from '../../../src/modules/fitness/compliance/compliance.ts';
import { createI18n } from '../../../src/platform/i18n/i18n.ts';
import { LOCALES } from '../../../src/platform/i18n/locales.ts';

const CODES: Record<string, readonly string[]> = {
  action: ACTIONS,
  reason: REASONS,
  qualityFlag: QUALITY_FLAGS,
  metricsProblem: METRICS_PROBLEMS,
  policyProblem: POLICY_PROBLEMS,
  requirementStatus: REQUIREMENT_STATUSES,
  requirementKind: REQUIREMENT_KINDS,
  baselineStatus: BASELINE_STATUSES,
};

describe('fitness: texts', () => {
  const { t } = createI18n({ folder: `${import.meta.dirname}/../../../locales` });

  for (const [group, codes] of Object.entries(CODES)) {
    it(`has one text of its own for every ${group} in every language`, () => {
      for (const locale of LOCALES) {
        const texts = codes.map((code) => t(locale, `fitness:${group}.${code}`));
        expect(new Set(texts).size, locale).to.equal(codes.length);
      }
    });
  }

  it('has no text in these groups that no code uses', () => {
    for (const locale of LOCALES) {
      const texts = JSON.parse(
        readFileSync(`${import.meta.dirname}/../../../locales/${locale}/fitness.json`, 'utf8'),
      ) as Record<string, object>;
      for (const [group, codes] of Object.entries(CODES)) {
        expect(Object.keys(texts[group] ?? {}).toSorted(), `${locale} ${group}`).to.deep.equal([...codes].toSorted());
      }
    }
  });
});
