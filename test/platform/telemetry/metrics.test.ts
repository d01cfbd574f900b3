import { expect } from 'chai';
import { createMetrics } from '../../../src/platform/telemetry/metrics.ts';

describe('metrics', () => {
  it('count request times by route, method and status', async () => {
    const metrics = createMetrics();
    metrics.observeRequest({ method: 'GET', route: '/angelis/sites/:id', status: 200, seconds: 0.03 });
    metrics.observeRequest({ method: 'GET', route: '/angelis/sites/:id', status: 200, seconds: 0.3 });
    const { body, contentType } = await metrics.expose();
    const labels = 'method="GET",route="/angelis/sites/:id",status="200"';
    expect(body).to.contain(`angelis_http_request_duration_seconds_bucket{le="0.05",${labels}} 1`);
    expect(body).to.contain(`angelis_http_request_duration_seconds_count{${labels}} 2`);
    expect(body).to.contain('angelis_process_resident_memory_bytes');
    expect(contentType).to.contain('text/plain');
  });

  it('take the figures of others, asked at the scrape where they like', async () => {
    const metrics = createMetrics();
    metrics.counter({ name: 'otp_total', help: 'OTPs by outcome', labels: ['outcome'] }).inc({ outcome: 'refused' });
    metrics.gauge({
      name: 'queue_depth',
      help: 'Jobs waiting',
      labels: ['queue'],
      collect: (gauge) => gauge.set({ queue: 'mail' }, 7),
    });
    metrics.histogram({ name: 'export_duration_seconds', help: 'Exports', buckets: [1, 10] }).observe(3);
    const { body } = await metrics.expose();
    expect(body).to.contain('angelis_otp_total{outcome="refused"} 1');
    expect(body).to.contain('angelis_queue_depth{queue="mail"} 7');
    expect(body).to.contain('angelis_export_duration_seconds_bucket{le="10"} 1');
  });

  it('keep each registry to itself', async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.counter({ name: 'mine_total', help: 'Mine' }).inc();
    expect((await two.expose()).body).not.to.contain('mine_total');
  });
});
