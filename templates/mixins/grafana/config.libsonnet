// Parameters of the Grafana mixin. Grafana's metrics are picked by their names,
// which nothing else exposes; the dashboard chooses job and instance by
// variables. Holds no expression; those are in alerts.libsonnet and
// rules.libsonnet.
{
  _config+:: {
    // Share of requests answered with a server error (status 5xx), in percent
    // of all requests to one handler, above which an alert is due. High,
    // because a handler that is called rarely reaches small shares by chance.
    requestsFailingThreshold: 50,

    // Regular expression (fully anchored) on the handlers that only pass
    // queries on to a data source: their errors are those of the data source.
    datasourceHandlers: '/api/datasources/proxy/:id.*|/api/ds/query|/api/tsdb/query',

    // Where alerts link to; %s becomes the alert's name in lower case.
    runbookURLPattern: 'https://runbooks.prometheus-operator.dev/runbooks/grafana/%s',

    // Tags of the dashboard. None by default.
    dashboardTags: [],

    // Regular expression on data source names that the dashboard offers.
    datasourceFilterRegex: '',
  },
}
