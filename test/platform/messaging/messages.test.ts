import { expect } from 'chai';
import {
  checkSms,
  maskAddress,
  maskPhone,
  PermanentDeliveryError,
  readyMail,
  type MailMessage,
} from '../../../src/platform/messaging/messages.ts';

const mail = { to: 'ana@example.com', subject: 'Prueba', text: 'Hola', messageId: 'a-1@angelis.example' };

describe('what may be sent', () => {
  it('is mail to one plain address, its head free of line breaks', () => {
    const good = [
      mail,
      { ...mail, to: 'o.higgins+x@mina.example' },
      { ...mail, text: 'a\r\nb', headers: { 'X-A': 'b' } },
      { ...mail, to: 'ñ@ñ.cl' },
    ];
    for (const message of good) expect(() => readyMail(message)).not.to.throw();
    const bad: Partial<MailMessage>[] = [
      { to: 'ana@example.com\r\nBcc: eve@example.com' },
      { to: 'ana@example.com\nRCPT TO:<eve@example.com>' },
      { to: 'ana@example.com, eve@example.com' },
      { to: 'Ana <ana@example.com>' },
      { to: 'ana@example.com;eve@example.com' },
      { to: 'ana' },
      { to: '' },
      { to: `${'a'.repeat(250)}@b.cl` },
      { messageId: 'a@b>\r\nBcc: eve' },
      { messageId: '<a@b>' },
      { messageId: 'plain' },
      { headers: { 'X-A': 'b\r\nBcc: eve@example.com' } },
      { headers: { 'X-A\r\nBcc': 'eve@example.com' } },
      { headers: { Bcc: 'eve@example.com' } },
      { headers: { cc: 'eve@example.com' } },
    ];
    for (const part of bad) {
      expect(() => readyMail({ ...mail, ...part }), JSON.stringify(part)).to.throw(PermanentDeliveryError);
    }
  });

  it('is mail whose subject stands on one line, whatever names stand in it', () => {
    for (const [subject, sent] of [
      ['x\r\nBcc: eve@example.com', 'x Bcc: eve@example.com'],
      ['x\u0000\u2028y\n', 'x y'],
      ['Aviso – Ñandú', 'Aviso – Ñandú'],
    ])
      expect(readyMail({ ...mail, subject: subject! })).to.deep.equal({ ...mail, subject: sent });
  });

  it('is SMS to a number in E.164, with something to say', () => {
    expect(() => checkSms({ to: '+56912345678', text: 'x', id: '1' })).not.to.throw();
    for (const to of ['56912345678', '+0123456789', '+56 9 1234 5678', '+5691234567890123', '', '+56912345678\n']) {
      expect(() => checkSms({ to, text: 'x', id: '1' }), to).to.throw(PermanentDeliveryError);
    }
    expect(() => checkSms({ to: '+56912345678', text: ' \n', id: '1' })).to.throw(PermanentDeliveryError);
  });
});

describe('recipients in logs', () => {
  it('are masked', () => {
    expect(maskAddress('ana.nunez@example.com')).to.equal('a***@example.com');
    expect(maskAddress('@x')).to.equal('***');
    expect(maskAddress('nobody')).to.equal('***');
    expect(maskPhone('+56912345678')).to.equal('+56*******78');
    expect(maskPhone('12345')).to.equal('***');
  });
});
