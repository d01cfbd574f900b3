import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { environmentFaults, productionFaults } from '../../../src/platform/settings/production.ts';
import { readSettings } from '../../../src/platform/settings/settings.ts';

const key = (name: string): string => `2026:${createHash('sha256').update(name).digest('base64')}`;

const fit = {
  APP_ENV: 'production',
  NODE_ENV: 'production',
  DATA_DIR: '/var/lib/angelis',
  DATABASE_URL: 'postgres://app:Xk2-9fQz_71LmWv0@db/angelis?sslmode=verify-full',
  DATABASE_OWNER_URL: 'postgres://owner:pR4-hs72_LqWzT9x@db/angelis?sslmode=verify-full',
  DATABASE_SYSTEM_URL: 'postgres://system:Bn5-k1Vw_83ZdYc6@db/angelis?sslmode=verify-full',
  REDIS_URL: 'rediss://:gT6-2mXq_40HjRs8@redis/0',
  SAFER_DATABASE_URL: 'mssql://reader:Qw8-vB3n_65KsLp1@safer/safer?encrypt=true',
  FIT2000_DATABASE_URL: 'mysql://reader:Zr1-cF7d_29TgHm4@fit/fit?ssl={"rejectUnauthorized":true,"verifyIdentity":true}',
  KEYCLOAK_URL: 'https://id.example',
  KEYCLOAK_ADMIN_CLIENT_SECRET: 'Yp3-xD9k_52VbNe7Lw',
  KEYCLOAK_OTP_KEY: '-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----',
  SMTP_URL: 'smtps://mail.example',
  DATA_KEY: key('data'),
  LOOKUP_KEY: key('lookup'),
  SIGNING_KEY: key('signing'),
  CHAIN_KEY: key('chain'),
  PUBLIC_URL: 'https://angelis.example',
  CORS_ORIGINS: 'https://app.angelis.example',
  TRUSTED_PROXIES: '10.0.0.0/8',
  METRICS_HOST: '10.1.2.3',
  MAIL_FROM: 'Angelis <no-reply@angelis.example>',
  ERROR_REPORTER_DSN: 'log',
};

const faults = (change: Record<string, string>): string[] =>
  productionFaults(readSettings({ ...fit, ...change }), change);

describe('production settings', () => {
  it('are accepted when nothing is wrong', () => {
    expect(faults({})).to.deep.equal([]);
    expect(faults({ METRICS_HOST: '::1', SMTP_URL: 'smtp://mail.example?requireTLS=true' })).to.deep.equal([]);
    const safer = `${fit.SAFER_DATABASE_URL.replace('true', 'strict')}&trustServerCertificate=false`;
    const fit2000 = fit.FIT2000_DATABASE_URL.replace('}', ',"verifyIdentity":true,"minVersion":"TLSv1.3"}');
    const own = `${fit.DATABASE_URL}&sslrootcert=/etc/ca.pem&application_name=angelis`;
    expect(faults({ SAFER_DATABASE_URL: safer, FIT2000_DATABASE_URL: fit2000, DATABASE_URL: own })).to.deep.equal([]);
  });

  it('are accepted with networks of gateways that are not all addresses, and a collector near by', () => {
    const proxies = 'loopback,uniquelocal,10.0.0.0/8,172.16.0.0/255.240.0.0,130.211.0.0/22,fc00::/7,2600:1901::/32,::1';
    expect(faults({ TRUSTED_PROXIES: proxies })).to.deep.equal([]);
    for (const collector of [
      'https://otlp.example',
      'http://127.0.0.1:4318',
      'http://[::1]:4318',
      'http://10.0.0.7:4318',
      'http://collector:4318',
      'http://collector.monitoring.svc.cluster.local:4318',
    ])
      expect(faults({ OTEL_EXPORTER_OTLP_ENDPOINT: collector })).to.deep.equal([]);
  });

  const refusals: [setting: string, value: string, says: string][] = [
    [
      'DATABASE_URL',
      fit.DATABASE_URL.replace('?sslmode=verify-full', ''),
      'DATABASE_URL connects without TLS: add ?sslmode=verify-full',
    ],
    ['DATABASE_URL', fit.DATABASE_URL.replace('verify-full', 'prefer'), 'DATABASE_URL connects without TLS'],
    [
      'DATABASE_OWNER_URL',
      fit.DATABASE_OWNER_URL.replace('verify-full', 'no-verify'),
      'DATABASE_OWNER_URL connects without TLS',
    ],
    [
      'DATABASE_SYSTEM_URL',
      fit.DATABASE_SYSTEM_URL.replace('verify-full', 'disable'),
      'DATABASE_SYSTEM_URL connects without TLS',
    ],
    ['DATABASE_REPLICA_URL', 'postgresql://app@replica/angelis', 'DATABASE_REPLICA_URL connects without TLS'],
    ['REDIS_URL', fit.REDIS_URL.replace('rediss', 'redis'), 'REDIS_URL connects without TLS: use rediss://'],
    [
      'SAFER_DATABASE_URL',
      fit.SAFER_DATABASE_URL.replace('?encrypt=true', ''),
      'SAFER_DATABASE_URL connects without TLS: add ?encrypt=true',
    ],
    [
      'SAFER_DATABASE_URL',
      `${fit.SAFER_DATABASE_URL}&trustServerCertificate=true`,
      'SAFER_DATABASE_URL connects without TLS',
    ],
    ['FIT2000_DATABASE_URL', 'mysql://reader@fit/fit', 'FIT2000_DATABASE_URL connects without TLS: add ?ssl='],
    ['FIT2000_DATABASE_URL', 'mariadb://reader@fit/fit?ssl=false', 'FIT2000_DATABASE_URL connects without TLS'],
    ['FIT2000_DATABASE_URL', 'oracle://reader@fit/fit', 'the scheme oracle is not known'],
    ['SMTP_URL', 'smtp://mail.example', 'SMTP_URL connects without TLS'],
    ['KEYCLOAK_URL', 'http://id.example', 'KEYCLOAK_URL is not https'],
    ['KEYCLOAK_URL', '', 'KEYCLOAK_URL is missing: the development issuer refuses production'],
    ['DATABASE_URL', '', 'DATABASE_URL is missing'],
    ['REDIS_URL', '', 'REDIS_URL is missing'],
    ['SMTP_URL', '', 'SMTP_URL is missing'],
    ['ERROR_REPORTER_DSN', '', 'ERROR_REPORTER_DSN is missing: decide where errors go'],
    ['ERROR_REPORTER_DSN', 'http://key@errors.example/7', 'ERROR_REPORTER_DSN is not https'],
    ['DATABASE_SYSTEM_URL', fit.DATABASE_URL, 'share a user: each needs its own'],
    [
      'DATABASE_URL',
      fit.DATABASE_URL.replace('Xk2-9fQz_71LmWv0', 'postgres'),
      'DATABASE_URL has a default or short password',
    ],
    ['REDIS_URL', 'rediss://:short@redis/0', 'REDIS_URL has a default or short password'],
    ['KEYCLOAK_ADMIN_CLIENT_SECRET', 'aaaaaaaaaaaaaaaaaaaaaaaa', 'KEYCLOAK_ADMIN_CLIENT_SECRET is a default or short'],
    ['DATA_KEY', key('data').replace('2026', 'dev'), 'DATA_KEY holds a development key'],
    ['SIGNING_KEY', `2026:${Buffer.alloc(32, 1).toString('base64')}`, 'SIGNING_KEY is not random'],
    ['CHAIN_KEY', `2026:${Buffer.alloc(32).toString('base64')}`, 'CHAIN_KEY is not random'],
    ['LOOKUP_KEY', key('data'), 'LOOKUP_KEY and DATA_KEY share a key'],
    ['CORS_ORIGINS', 'https://a.example,*', 'CORS_ORIGINS holds a wildcard'],
    ['ADMIN_REDIRECT_URIS', 'https://a.example/*', 'ADMIN_REDIRECT_URIS holds https://a.example/*, a wildcard'],
    ['ADMIN_REDIRECT_URIS', 'http://a.example/in', 'ADMIN_REDIRECT_URIS holds http://a.example/in, which is neither'],
    ['ADMIN_REDIRECT_URIS', 'http://localhost.a.example/in', 'which is neither https nor'],
    ['ADMIN_REDIRECT_URIS', 'app.angelis://in', 'which is neither https nor'],
    ['ADMIN_REDIRECT_URIS', 'https://a.example/#/in', 'leave out what begins with #'],
    ['CORS_ORIGINS', 'https://*.example', 'CORS_ORIGINS holds a wildcard'],
    ['TRUSTED_PROXIES', 'true', 'TRUSTED_PROXIES believes any sender'],
    ['TRUSTED_PROXIES', '10.0.0.1,0.0.0.0/0', 'TRUSTED_PROXIES believes any sender'],
    ['TRUSTED_PROXIES', '::/0', 'TRUSTED_PROXIES believes any sender'],
    ['PUBLIC_URL', 'http://angelis.example', 'PUBLIC_URL is not https'],
    ['METRICS_HOST', '0.0.0.0', 'METRICS_HOST 0.0.0.0 is or may be public'],
    ['METRICS_HOST', '203.0.113.9', 'METRICS_HOST 203.0.113.9 is or may be public'],
    ['METRICS_HOST', '::', 'METRICS_HOST :: is or may be public'],
    ['MAIL_FROM', '', 'MAIL_FROM is missing or of this machine only'],
    ['MAIL_FROM', 'no-reply@localhost', 'MAIL_FROM is missing or of this machine only'],
    ['MAIL_FROM', 'Angelis <no-reply@a.LOCALHOST>', 'MAIL_FROM is missing or of this machine only'],
    ['RATE_SIGN_IN', '101/min', 'RATE_SIGN_IN is 101/min, more than 10 times 10/min'],
    ['RATE_SIGN_IN', '2/s', 'RATE_SIGN_IN is 2/s, more than 10 times 10/min'],
    ['RATE_BAD_TOKEN', '9999999/h', 'RATE_BAD_TOKEN is 9999999/h, more than 10 times 300/min'],
    ['RATE_COMPANY', '599/min', 'RATE_PRINCIPAL is above RATE_COMPANY'],
    ['LOG_LEVEL', 'debug', 'LOG_LEVEL debug tells too much'],
    ['LOG_LEVEL', 'trace', 'LOG_LEVEL trace tells too much'],
    ['NODE_ENV', 'development', 'NODE_ENV is not production'],
    ['DATA_DIR', '/tmp/angelis', 'DATA_DIR is a temporary folder'],
    ['DATA_DIR', '/var/lib/../tmp/x', 'DATA_DIR is a temporary folder'],
    [
      'AZURE_STORAGE_CONNECTION_STRING',
      'UseDevelopmentStorage=true',
      'AZURE_STORAGE_CONNECTION_STRING connects without TLS',
    ],
    [
      'AZURE_STORAGE_CONNECTION_STRING',
      'DefaultEndpointsProtocol=http;AccountName=a',
      'AZURE_STORAGE_CONNECTION_STRING connects without TLS',
    ],
    ...(
      [
        ['sslmode=prefer', 'sslmode'],
        ['sslmode=no-verify', 'sslmode'],
        ['sslmode=verify-full&sslmode=no-verify', 'sslmode twice'],
        ['sslmode=no-verify&sslmode=verify-full', 'sslmode twice'],
        ['sslmode=verify-full&ssl=0', 'parameter ssl,'],
        ['sslmode=verify-full&ssl=false', 'parameter ssl,'],
        ['uselibpqcompat=true&sslmode=require', 'parameter uselibpqcompat,'],
        ['uselibpqcompat=true&sslmode=prefer', 'parameter uselibpqcompat,'],
        ['uselibpqcompat=true&sslmode=allow', 'parameter uselibpqcompat,'],
        ['uselibpqcompat=true&sslmode=verify-full', 'parameter uselibpqcompat,'],
        ['sslmode=verify-full&host=elsewhere.example', 'parameter host,'],
      ] as const
    ).map(([query, says]): [string, string, string] => [
      'DATABASE_URL',
      fit.DATABASE_URL.replace('sslmode=verify-full', query),
      says,
    ]),
    ...[
      '{"rejectUnauthorized":false}',
      '{"rejectUnauthorized":0,"verifyIdentity":true}',
      '{"rejectUnauthorized":true}',
      '{"verifyIdentity":true}',
      '{"rejectUnauthorized":true,"verifyIdentity":false}',
      '{"rejectUnauthorized":true,"verifyIdentity":true,"ciphers":"NULL"}',
      '{"rejectUnauthorized":true,"verifyIdentity":true,"minVersion":"TLSv1"}',
      '[true]',
      'null',
      'true',
      'Amazon RDS',
    ].map((ssl): [string, string, string] => [
      'FIT2000_DATABASE_URL',
      `mysql://reader@fit/fit?ssl=${encodeURIComponent(ssl)}`,
      'FIT2000_DATABASE_URL connects without TLS',
    ]),
    [
      'FIT2000_DATABASE_URL',
      `mysql://reader@fit/fit?ssl={"rejectUnauthorized":false}&ssl={"rejectUnauthorized":true}`,
      'FIT2000_DATABASE_URL has ssl twice',
    ],
    ['FIT2000_DATABASE_URL', `${fit.FIT2000_DATABASE_URL}&insecureAuth=true`, 'parameter insecureAuth,'],
    ['SAFER_DATABASE_URL', `${fit.SAFER_DATABASE_URL}&encrypt=false`, 'SAFER_DATABASE_URL has encrypt twice'],
    ['SAFER_DATABASE_URL', `${fit.SAFER_DATABASE_URL}&other=1`, 'parameter other,'],
    ['REDIS_URL', `${fit.REDIS_URL}?rejectUnauthorized=false`, 'parameter rejectUnauthorized,'],
    ['REDIS_URL', `${fit.REDIS_URL}?tls=false`, 'parameter tls,'],
    ...[
      'tls.rejectUnauthorized=false',
      'ignoreTLS=true',
      'secure=false',
      'opportunisticTLS=true',
      'host=a.example',
    ].map((query): [string, string, string] => [
      'SMTP_URL',
      `smtps://mail.example?${query}`,
      `parameter ${query.split('=')[0]},`,
    ]),
    ['SMTP_URL', 'smtp://mail.example?requireTLS=true&ignoreTLS=true', 'parameter ignoreTLS,'],
    ['SMTP_URL', 'smtp://mail.example?requireTLS=true&tls.rejectUnauthorized=false', 'parameter tls.reject'],
    ['SMTP_URL', 'smtps://mail.example?requireTLS=false', 'SMTP_URL connects without TLS'],
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0', 'NODE_TLS_REJECT_UNAUTHORIZED=0 believes any certificate: take it out'],
    ['CORS_ORIGINS', 'https://a.example,http://b.example', 'CORS_ORIGINS holds http://b.example, which is no'],
    ['CORS_ORIGINS', 'https://a.example/', 'CORS_ORIGINS holds https://a.example/, which is no'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://8.8.8.8:4318', 'OTEL_EXPORTER_OTLP_ENDPOINT is not https'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://otlp.example', 'OTEL_EXPORTER_OTLP_ENDPOINT is not https'],
    ...[
      '0.0.0.0/1,128.0.0.0/1',
      '0.0.0.0/0.0.0.0',
      '64.0.0.0/7',
      '64.0.0.0/254.0.0.0',
      '10.0.0.0/4',
      '::/1,8000::/1',
      '2000::/3',
      '::ffff:0:0/96',
      '::ffff:0.0.0.0/97',
      '::/80',
      '1.0.0.0/8,2.0.0.0/8',
      'gateway.example',
      '10.0.0.0/x',
    ].map((proxies): [string, string, string] => ['TRUSTED_PROXIES', proxies, 'TRUSTED_PROXIES believes any sender']),
  ];
  for (const [setting, value, says] of refusals) {
    it(`refuse ${setting}=${value || '(nothing)'}`, () => {
      const found = faults({ [setting]: value });
      expect(found).to.have.length(1);
      expect(found[0]).to.contain(says);
    });
  }

  it('take limits of rate up to ten times what is meant, over any time', () => {
    const rates = { RATE_SIGN_IN: '100/min', RATE_LOOKUP: '5/s', RATE_ANONYMOUS: '1/h', RATE_COMPANY: '60000/min' };
    expect(faults(rates)).to.deep.equal([]);
  });

  it('take addresses of the administrators’ front end that are https, or of this machine', () => {
    const addresses = 'https://admin.example/in?from=keycloak,http://localhost:5173/in,http://127.0.0.1:5173/in';
    expect(faults({ ADMIN_REDIRECT_URIS: addresses })).to.deep.equal([]);
  });

  it('need no lasting folder where files go to Azure', () => {
    const azure = 'DefaultEndpointsProtocol=https;AccountName=angelis;AccountKey=x';
    expect(faults({ DATA_DIR: '/tmp/angelis', AZURE_STORAGE_CONNECTION_STRING: azure })).to.deep.equal([]);
  });

  it('are refused with all faults in one list', () => {
    expect(faults({ REDIS_URL: '', LOG_LEVEL: 'debug', CORS_ORIGINS: '*' })).to.have.length(3);
  });
});

const mismatches = (change: Record<string, string>): string[] => environmentFaults(readSettings({ ...fit, ...change }));

describe('settings of an environment', () => {
  it('name no other environment', () => {
    expect(mismatches({})).to.deep.equal([]);
    expect(mismatches({ KEYCLOAK_REALM: 'angelis-production' })).to.deep.equal([]);
    expect(mismatches({ KEYCLOAK_REALM: 'angelis-staging' })).to.deep.equal([
      'KEYCLOAK_REALM names staging, but APP_ENV is production: correct one of them',
    ]);
    expect(mismatches({ DATABASE_URL: 'postgres://app@db/angelis_development' })[0]).to.contain(
      'DATABASE_URL names development',
    );
    const azure = 'DefaultEndpointsProtocol=https;AccountName=angelisstaging;AccountKey=x';
    expect(mismatches({ AZURE_STORAGE_CONNECTION_STRING: azure })[0]).to.contain(
      'AZURE_STORAGE_CONNECTION_STRING names staging',
    );
  });

  it('leave time to finish open work', () => {
    expect(mismatches({ DRAIN_SECONDS: '8', UNREADY_SECONDS: '7' })).to.deep.equal([]);
    expect(mismatches({ DRAIN_SECONDS: '8', UNREADY_SECONDS: '8' })).to.have.length(1);
  });
});
