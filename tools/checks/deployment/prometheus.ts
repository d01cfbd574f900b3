import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

/** What an expression asks for: a metric, and the labels that it picks it by. */
export interface Use {
  readonly metric: string;
  readonly labels: readonly string[];
}

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly description?: string };
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

const childrenOf = (node: SyntaxNode, ...names: readonly string[]): SyntaxNode[] => {
  const found: SyntaxNode[] = [];
  node.cursor().iterate(({ name, node: inside }) => {
    if (names.includes(name)) found.push(inside);
  });
  return found;
};

/** The labels by which results are told apart, wherever they stand: `by (route)`. */
const groupings = (node: SyntaxNode, text: string): string[] =>
  childrenOf(node, 'GroupingLabels').flatMap((list) =>
    childrenOf(list, 'LabelName').map(({ from, to }) => text.slice(from, to)),
  );

/** Reads an expression of PromQL. Throws where it does not parse. Labels of `by` count for every metric inside it. */
export const usesOf = (expression: string): Use[] => {
  const text = expression.replaceAll('$__rate_interval', '5m');
  const top = parser.parse(text).topNode;
  const [wrong] = childrenOf(top, '⚠');
  if (wrong !== undefined) throw new Error(`"${text}" does not parse at "${text.slice(wrong.from, wrong.from + 20)}"`);
  return childrenOf(top, 'VectorSelector').map((selector) => {
    const [name] = childrenOf(selector, 'Identifier');
    const matched = childrenOf(selector, 'LabelName', 'QuotedLabelName').map(({ from, to }) => text.slice(from, to));
    const grouped: string[] = [];
    for (let node = selector.parent; node !== null; node = node.parent)
      if (node.name === 'AggregateExpr')
        for (let child = node.firstChild; child !== null; child = child.nextSibling)
          if (child.name === 'AggregateModifier') grouped.push(...groupings(child, text));
    return { metric: name === undefined ? '' : text.slice(name.from, name.to), labels: [...matched, ...grouped] };
  });
};

const shownLabels = (text: string): string[] => Array.from(text.matchAll(/\$labels\.(\w+)/gu), ([, name = '']) => name);

const texts = { type: 'object', additionalProperties: { type: 'string' } };
const duration = { type: 'string', pattern: '^(\\d+(ms|[smhdwy]))+$' };
/** What Prometheus 3 takes in a file of rules: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules. */
const fits = new Ajv({ allErrors: true }).compile({
  type: 'object',
  required: ['groups'],
  additionalProperties: false,
  properties: {
    groups: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'rules'],
        additionalProperties: false,
        properties: {
          name: { type: 'string' },
          interval: duration,
          query_offset: duration,
          limit: { type: 'integer' },
          labels: texts,
          rules: {
            type: 'array',
            items: {
              type: 'object',
              required: ['expr'],
              additionalProperties: false,
              properties: {
                alert: { type: 'string' },
                record: { type: 'string' },
                expr: { type: 'string' },
                for: duration,
                keep_firing_for: duration,
                labels: texts,
                annotations: texts,
              },
              oneOf: [{ required: ['alert'] }, { required: ['record'] }],
            },
          },
        },
      },
    },
  },
});

/** All expressions of a file of rules, with the labels that their texts show. */
export const rulesOf = (text: string): Rule[] =>
  (parse(text) as { groups: readonly { rules: readonly Rule[] }[] }).groups.flatMap(({ rules }) => rules);

/** What is wrong with a file of rules, beside the names that only a running process knows. */
export const ruleFaults = (text: string): string[] => {
  if (!fits(parse(text)))
    return (fits.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  const rules = rulesOf(text);
  const recorded = rules.flatMap(({ record }) => record ?? []);
  return rules.flatMap((rule) => {
    const name = rule.alert ?? rule.record ?? '?';
    const fault = (what: string): string => `${name}: ${what}`;
    let uses: Use[];
    try {
      uses = usesOf(rule.expr);
    } catch (error) {
      return [fault((error as Error).message)];
    }
    const unknown = uses.filter(({ metric }) => metric.includes(':') && !recorded.includes(metric));
    const shown = shownLabels(rule.annotations?.description ?? '').filter(
      (label) => /\b(?:by|without)\b/u.test(rule.expr) && !uses.some(({ labels }) => labels.includes(label)),
    );
    const isBare = rule.annotations?.summary === undefined || rule.annotations.description === undefined;
    return [
      ...unknown.map(({ metric }) => fault(`nothing records ${metric}`)),
      ...shown.map((label) => fault(`its text shows ${label}, which its expression drops`)),
      ...(rule.alert === undefined || ['page', 'ticket'].includes(rule.labels?.severity ?? '')
        ? []
        : [fault('its severity is neither page nor ticket')]),
      ...(rule.alert !== undefined && isBare ? [fault('it says neither what is wrong nor what to do')] : []),
    ];
  });
};

/** All expressions of a dashboard. */
export const expressionsOf = (text: string): string[] =>
  (JSON.parse(text) as Dashboard).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

const overlaps = (one: Dashboard['panels'][number]['gridPos'], other: typeof one): boolean =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;

/** What is wrong with a dashboard: expressions, ids, and panels that lie on each other. */
export const dashboardFaults = (text: string): string[] => {
  const { panels } = JSON.parse(text) as Dashboard;
  return panels.flatMap((panel, index) => [
    ...panel.targets.flatMap(({ expr, legendFormat }) => {
      try {
        const labels = usesOf(expr).flatMap((use) => use.labels);
        return Array.from(legendFormat.matchAll(/\{\{(\w+)\}\}/gu), ([, name = '']) => name)
          .filter((name) => /\bby\b/u.test(expr) && !labels.includes(name))
          .map((name) => `${panel.title}: its legend shows ${name}, which its expression drops`);
      } catch (error) {
        return [`${panel.title}: ${(error as Error).message}`];
      }
    }),
    ...panels
      .slice(0, index)
      .flatMap((other) => [
        ...(other.id === panel.id ? [`${panel.title} and ${other.title} share an id`] : []),
        ...(overlaps(panel.gridPos, other.gridPos) ? [`${panel.title} lies on ${other.title}`] : []),
      ]),
  ]);
};
