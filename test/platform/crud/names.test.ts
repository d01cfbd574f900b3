import { expect } from 'chai';
import { namesOf } from '../../../src/platform/crud/names.ts';

describe('names of an entity', () => {
  it('come from one word, for programs and for people', () => {
    expect(namesOf('vehicle-pass')).to.deep.equal({
      module: 'vehicle-passes',
      One: 'VehiclePass',
      Many: 'VehiclePasses',
      one: 'a vehicle pass',
      many: 'vehicle passes',
    });
  });

  it('follow the rules of English, or the plural that is given', () => {
    const spoken = (...given: Parameters<typeof namesOf>) => {
      const { one, many } = namesOf(...given);
      return `${one}, ${many}`;
    };
    expect(spoken('assignment')).to.equal('an assignment, assignments');
    expect(spoken('upload')).to.equal('an upload, uploads');
    expect(spoken('user')).to.equal('a user, users');
    expect(spoken('policy')).to.equal('a policy, policies');
    expect(spoken('survey')).to.equal('a survey, surveys');
    expect(spoken('toolbox')).to.equal('a toolbox, toolboxes');
    expect(spoken('leave', 'leave')).to.equal('leave, leave');
    expect(spoken('person', 'people')).to.equal('a person, people');
  });
});
