import { expect } from 'chai';
import {
  DEFAULT_FIT2000_MAPPING,
  DEFAULT_SAFER_MAPPING,
  readFit2000Mapping,
  readSaferMapping,
} from '../../../../src/modules/fitness/sources/mapping.ts';
import { fit2000Rows, identityOf, saferRows } from '../../../../src/modules/fitness/sources/rows.ts';
import { RowFault } from '../../../../src/modules/fitness/sources/values.ts';
import { createValidator } from '../../../../src/platform/schema/validator.ts';

const validator = createValidator();
const trials = Array.from({ length: 60 }, (_, n) => 250 + n);

const safer = (values: object = {}) => ({
  id: '12',
  company: 'mine',
  person: ' P-1 ',
  test: 'PVT-B',
  device: 'K-1',
  startedAt: '2026-11-21T10:00:00.000Z',
  finishedAt: '2026-11-21T10:03:00.000Z',
  supervised: 1,
  practice: '0',
  falseStarts: '2',
  trials: JSON.stringify(trials),
  flags: null,
  kss: 3,
  sleep24h: '7.5',
  sleep48h: 15,
  awakeHours: null,
  ...values,
});
const fit2000 = (values: object = {}) => ({
  id: 5,
  company: 'mine',
  person: 'P-1',
  device: null,
  testedAt: '2026-11-21T10:00:00.123Z',
  pupilDiameter: '5.200',
  constrictionAmplitude: '1.4',
  constrictionLatency: '280',
  saccadicVelocity: 70,
  risk: 'HIGH',
  quality: 9,
  ...values,
});

const faultOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    if (error instanceof RowFault) return `${error.code} ${error.pointer}`;
    throw error;
  }
};

describe('rows of SaferApp', () => {
  const read = saferRows(DEFAULT_SAFER_MAPPING);

  it('become a reaction test with what was asked beside it, whatever types the driver gives', () => {
    const test = read(safer());
    expect(test).to.deep.include({
      source: 'SAFER',
      externalId: '12',
      definitionCode: 'PVT-B',
      takenAt: new Date('2026-11-21T10:03:00.000Z'),
      deviceSerial: 'K-1',
      qualityFlags: [],
      supervised: true,
      practice: false,
    });
    if (test.content.kind !== 'reaction') throw new Error(test.content.kind);
    expect(test.content.metrics).to.include({ responses: 60, falseStarts: 2, durationMs: 180_000 });
    expect(test.content.report).to.deep.equal({
      kss: 3,
      sleep24h: 7.5,
      sleep48h: 15,
      awakeHours: null,
      symptoms: null,
    });
    expect(test.content.trials).to.deep.equal(trials);
  });

  it('carry no report where nothing was answered', () => {
    const { content } = read(safer({ kss: null, sleep24h: null, sleep48h: '', awakeHours: null }));
    expect(content).to.have.property('report', null);
  });

  it('keep quality flags, tell those of timing apart, and leave out those that say nothing', () => {
    const mapping = { ...DEFAULT_SAFER_MAPPING, codes: { ...DEFAULT_SAFER_MAPPING.codes, ignoredFlags: ['DEMO'] } };
    const test = saferRows(mapping)(safer({ flags: 'ABORTED; TIMING,DEMO' }));
    expect(test.qualityFlags).to.deep.equal(['ABORTED']);
    expect(test.content).to.have.property('timing', 'outside');
    expect(read(safer()).content).to.have.property('timing', 'unknown');
  });

  it('are read in the units and codes of their site', () => {
    const mapping = readSaferMapping(
      JSON.stringify({
        columns: { kss: null },
        units: { trials: 's', sleep: 'min' },
        codes: { tests: { REACTION3: 'PVT-B' } },
      }),
      validator,
    );
    const seconds = JSON.stringify(trials.map((trial) => trial / 1_000));
    const test = saferRows(mapping)(safer({ test: 'REACTION3', trials: seconds, sleep24h: 450, sleep48h: 900 }));
    if (test.content.kind !== 'reaction') throw new Error(test.content.kind);
    expect(test.content.metrics.meanRt).to.be.closeTo(279.5, 0.001);
    expect(test.content.report).to.include({ sleep24h: 7.5, sleep48h: 15 });
    expect(faultOf(() => saferRows(mapping)(safer()))).to.equal('UNKNOWN_TEST test');
  });

  const FAULTS: [object, string][] = [
    [{ test: 'OTHER' }, 'UNKNOWN_TEST test'],
    [{ test: null }, 'UNKNOWN_TEST test'],
    [{ startedAt: null }, 'TIME_MALFORMED startedAt'],
    [{ finishedAt: 'yesterday' }, 'TIME_MALFORMED finishedAt'],
    [{ finishedAt: '1970-01-01T00:00:00.000Z' }, 'TIME_MALFORMED finishedAt'],
    [{ finishedAt: '2026-11-21T09:59:59.999Z' }, 'TIME_ORDER finishedAt'],
    [{ trials: null }, 'TRIALS_EMPTY trials'],
    [{ trials: '{}' }, 'TRIALS_NOT_A_LIST trials'],
    [{ trials: '[0.25, 0.3]' }, 'TRIALS_UNIT trials'],
    [{ kss: 0 }, 'VALUE_OUT_OF_RANGE kss'],
    [{ kss: 3.5 }, 'VALUE_MALFORMED kss'],
    [{ sleep24h: '24.5' }, 'VALUE_OUT_OF_RANGE sleep24h'],
    [{ awakeHours: 'long' }, 'VALUE_MALFORMED awakeHours'],
    [{ falseStarts: -1 }, 'VALUE_OUT_OF_RANGE falseStarts'],
    [{ supervised: 'maybe' }, 'VALUE_MALFORMED supervised'],
  ];
  for (const [values, fault] of FAULTS)
    it(`with ${JSON.stringify(values)} are no result: ${fault}`, () => {
      expect(faultOf(() => read(safer(values)))).to.equal(fault);
    });
});

describe('rows of Fit2000', () => {
  const read = fit2000Rows(DEFAULT_FIT2000_MAPPING);

  it('become an ocular test', () => {
    const test = read(fit2000());
    expect(test).to.deep.include({
      source: 'FIT2000',
      externalId: '5',
      definitionCode: 'OCULAR',
      takenAt: new Date('2026-11-21T10:00:00.123Z'),
      deviceSerial: null,
      qualityFlags: [],
    });
    expect(test.content).to.deep.equal({
      kind: 'ocular',
      pupilDiameter: 5.2,
      constrictionAmplitude: 1.4,
      constrictionLatency: 280,
      saccadicVelocity: 70,
      risk: 'HIGH',
      index: null,
      quality: 9,
    });
  });

  it('below the least quality are flagged, not refused', () => {
    expect(read(fit2000({ quality: 0 })).qualityFlags).to.deep.equal(['LOW_QUALITY']);
  });

  it('are read in the units and codes of their site', () => {
    const mapping = readFit2000Mapping(
      '{"units":{"length":"um","latency":"s"},"codes":{"high":["2"],"low":["0","1"]}}',
      validator,
    );
    const { content } = fit2000Rows(mapping)(fit2000({ pupilDiameter: 5200, constrictionLatency: 0.28, risk: 1 }));
    expect(content).to.include({ pupilDiameter: 5.2, constrictionLatency: 280, risk: 'LOW' });
  });

  it('without a known verdict or instant are no result', () => {
    expect(faultOf(() => read(fit2000({ risk: 'MEDIUM' })))).to.equal('RISK_UNKNOWN risk');
    expect(faultOf(() => read(fit2000({ risk: null })))).to.equal('RISK_MISSING risk');
    expect(faultOf(() => read(fit2000({ testedAt: '' })))).to.equal('TIME_MALFORMED testedAt');
  });
});

describe('the hash of a row', () => {
  const hash = (row: object) => identityOf(row as never).contentHash.toString('hex');
  it('holds everything but the id, in whatever order it came', () => {
    const row = safer();
    expect(hash(safer({ id: '99' }))).to.equal(hash(row));
    expect(hash(Object.fromEntries(Object.entries(row).toReversed()))).to.equal(hash(row));
    for (const name of Object.keys(row).filter((key) => key !== 'id'))
      expect(hash(safer({ [name]: 'other' })), name).not.to.equal(hash(row));
  });
});

describe('mappings', () => {
  it('are the default where nothing is set', () => {
    expect(readSaferMapping(undefined, validator)).to.equal(DEFAULT_SAFER_MAPPING);
    expect(readSaferMapping('{}', validator)).to.deep.equal(DEFAULT_SAFER_MAPPING);
  });

  const WRONG: [string, RegExp][] = [
    ['{', /SAFER_MAPPING is no JSON: write an object/],
    ['[]', /must be a JSON object/],
    ['{"tables":"x"}', /\/tables \(additionalProperties\)/],
    ['{"columns":{"id":null}}', /\/columns\/id/],
    ['{"units":{"trials":"minutes"}}', /\/units\/trials/],
    ['{"codes":{"tests":{"X":"PVT-5"}}}', /\/codes\/tests\/X/],
  ];
  for (const [text, message] of WRONG)
    it(`say what is wrong with ${text}`, () => {
      expect(() => readSaferMapping(text, validator)).to.throw(message);
    });
});
