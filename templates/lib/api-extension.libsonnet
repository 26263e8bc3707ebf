// What an extension of the API server needs, whichever it is: it answers for a
// group of resources behind an APIService, and asks the API server who is asking.
local objects = import 'lib/objects.libsonnet';

{
  // A part of the API that the API server lets the Service answer.
  apiService(metadata, service, namespace, group, version, priority): {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: metadata { name: version + '.' + group },
    spec: {
      group: group,
      groupPriorityMinimum: 100,
      // It signs its certificate itself, anew at each start.
      insecureSkipTLSVerify: true,
      service: { name: service, namespace: namespace },
      version: version,
      versionPriority: priority,
    },
  },

  // It asks the API server who is asking it, and whether they may.
  delegator(metadata, name, account, namespace): objects.roleBinding(
    metadata, name, { name: 'system:auth-delegator' }, account, namespace
  ),
  authReader(metadata, name, account, namespace): objects.roleBinding(
    metadata { namespace: 'kube-system' },
    name,
    { name: 'extension-apiserver-authentication-reader' },
    account,
    namespace
  ),

  // Who may ask for resource metrics: everyone who may view, edit or administrate a namespace.
  metricsReader(metadata): objects.role(
    metadata {
      labels+: {
        'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
        'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
        'rbac.authorization.k8s.io/aggregate-to-view': 'true',
      },
    },
    'system:aggregated-metrics-reader',
    [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }]
  ),

  // How Prometheus scrapes it.
  endpoint(interval): {
    bearerTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    interval: interval,
    // What every extension of the API server exposes and nothing here asks for.
    metricRelabelings: [{
      action: 'drop',
      regex: '(' + std.join('|', [
        'apiserver_client_certificate_.*',
        'apiserver_envelope_.*',
        'apiserver_flowcontrol_.*',
        'apiserver_storage_.*',
        'apiserver_webhooks_.*',
        'workqueue_.*',
      ]) + ')',
      sourceLabels: ['__name__'],
    }],
    port: 'https',
    scheme: 'https',
    tlsConfig: { insecureSkipVerify: true },
  },
}
