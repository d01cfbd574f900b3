import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

interface MetricOptions<Label extends string> {
  /** Without the prefix `angelis_`; in Prometheus' units: seconds, bytes; counters end in `_total`. */
  name: string;
  help: string;
  /** Bounded sets only: never ids. */
  labels?: readonly Label[];
}

export interface Metrics {
  /** One request's time, by the route's declared path (not the address), so that the set stays bounded. */
  observeRequest(request: { method: string; route: string; status: number; seconds: number }): void;
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  /** A value that goes up and down; `collect` is asked at each scrape. */
  gauge<Label extends string = never>(
    options: MetricOptions<Label> & { collect?: (gauge: Gauge<Label>) => void | Promise<void> },
  ): Gauge<Label>;
  histogram<Label extends string = never>(options: MetricOptions<Label> & { buckets: number[] }): Histogram<Label>;
  /** All figures in Prometheus' text format, with its content type. */
  expose(): Promise<{ contentType: string; body: string }>;
}

/** Makes a registry of its own with the process's figures and request times; owners of other figures add theirs. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'angelis_' });
  const common = <Label extends string>({ name, help, labels = [] }: MetricOptions<Label>) => ({
    name: `angelis_${name}`,
    help,
    labelNames: labels,
    registers: [registry],
  });
  const requests = new Histogram({
    ...common({
      name: 'http_request_duration_seconds',
      help: 'Time to answer a request',
      labels: ['method', 'route', 'status'],
    }),
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  return {
    observeRequest: ({ method, route, status, seconds }) => requests.observe({ method, route, status }, seconds),
    counter: (options) => new Counter(common(options)),
    gauge: ({ collect, ...options }) =>
      new Gauge({
        ...common(options),
        ...(collect !== undefined && {
          async collect() {
            await collect(this);
          },
        }),
      }),
    histogram: ({ buckets, ...options }) => new Histogram({ ...common(options), buckets }),
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
};
