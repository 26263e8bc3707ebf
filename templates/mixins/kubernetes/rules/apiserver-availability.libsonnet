// How much of its requests the API server has answered well in the last days
// (30 by default), for dashboards and reports. A range of that length over the
// raw series cannot be afforded, so hourly increases are recorded and averaged.
local sli = import 'apiserver-sli.libsonnet';

function(t)
  local slo = t.SLOs.apiserver;
  local names = {
    hits1h: 'code_verb:apiserver_request_total:increase1h',
    hits: 'code_verb:apiserver_request_total:increase%dd' % slo.days,
    answers: 'code:apiserver_request_total:increase%dd' % slo.days,
    buckets1h: 'cluster_verb_scope_le:apiserver_request_sli_duration_seconds_bucket:increase1h',
    buckets: 'cluster_verb_scope_le:apiserver_request_sli_duration_seconds_bucket:increase%dd' % slo.days,
    counts1h: 'cluster_verb_scope:apiserver_request_sli_duration_seconds_count:increase1h',
    counts: 'cluster_verb_scope:apiserver_request_sli_duration_seconds_count:increase%dd' % slo.days,
    availability: 'apiserver_request:availability%dd' % slo.days,
  };
  local sum(selector) = 'sum by (%s) (%s)' % [t.cluster, selector];
  // Counts as zero what has not happened yet; works where there is no cluster
  // label, since the zero has no labels.
  local sumOrZero(selector) = 'sum by (%s) (%s or vector(0))' % [t.cluster, selector];
  local perDays(hourly) = 'avg_over_time(%s[%dd]) * 24 * %d' % [hourly, slo.days, slo.days];

  local tooSlow(verbs, inTime) = '(\n  %s\n  - (\n    %s\n  )\n)' % [
    sum('%s{verb=~"%s"}' % [names.counts, verbs]),
    std.join('\n    + ', [sumOrZero('%s{verb=~"%s", %s}' % [names.buckets, verbs, matchers]) for matchers in inTime]),
  ];
  local slowWrites = tooSlow(t.writeVerbs, [sli.bucket(slo.latency.write)]);
  local slowReads = tooSlow(t.readVerbs, sli.readsInTime(slo.latency));
  local failed(verb) = sumOrZero('%s{%scode=~"5.."}' % [names.answers, verb]);
  local availability(bad, all) = '1 - (\n%s\n)\n/ %s' % [std.join('\n+\n', bad), sum(all)];

  {
    name: 'kube-apiserver-availability.rules',
    // Sums over days do not change faster.
    interval: '3m',
    rules: [
      {
        record: names.hits,
        expr: perDays(names.hits1h),
      },
      {
        record: names.answers,
        expr: 'sum by (%s, code) (%s{verb=~"%s"})' % [t.cluster, names.hits, t.readVerbs],
        labels: { verb: 'read' },
      },
      {
        record: names.answers,
        expr: 'sum by (%s, code) (%s{verb=~"%s"})' % [t.cluster, names.hits, t.writeVerbs],
        labels: { verb: 'write' },
      },
      {
        record: names.buckets1h,
        expr: 'sum by (%s, verb, scope, le) (increase(apiserver_request_sli_duration_seconds_bucket[1h]))' % t.cluster,
      },
      {
        record: names.buckets,
        expr: 'sum by (%s, verb, scope, le) (%s)' % [t.cluster, perDays(names.buckets1h)],
      },
      {
        record: names.counts1h,
        expr: 'sum by (%s, verb, scope) (%s{le="+Inf"})' % [t.cluster, names.buckets1h],
      },
      {
        record: names.counts,
        expr: 'sum by (%s, verb, scope) (%s{le="+Inf"})' % [t.cluster, names.buckets],
      },
      {
        record: names.availability,
        expr: availability([slowWrites, slowReads, failed('')], names.answers),
        labels: { verb: 'all' },
      },
      {
        record: names.availability,
        expr: availability([slowReads, failed('verb="read", ')], names.answers + '{verb="read"}'),
        labels: { verb: 'read' },
      },
      {
        record: names.availability,
        expr: availability([slowWrites, failed('verb="write", ')], names.answers + '{verb="write"}'),
        labels: { verb: 'write' },
      },
      {
        record: 'code_resource:apiserver_request_total:rate5m',
        expr: 'sum by (%s, code, resource) (rate(apiserver_request_total{%s, verb=~"%s"}[5m]))' % [t.cluster, t.kubeApiserverSelector, t.readVerbs],
        labels: { verb: 'read' },
      },
      {
        record: 'code_resource:apiserver_request_total:rate5m',
        expr: 'sum by (%s, code, resource) (rate(apiserver_request_total{%s, verb=~"%s"}[5m]))' % [t.cluster, t.kubeApiserverSelector, t.writeVerbs],
        labels: { verb: 'write' },
      },
      {
        record: names.hits1h,
        expr: 'sum by (%s, code, verb) (increase(apiserver_request_total{%s, verb=~"%s|%s", code=~"[2-5].."}[1h]))' % [t.cluster, t.kubeApiserverSelector, t.readVerbs, t.writeVerbs],
      },
    ],
  }
