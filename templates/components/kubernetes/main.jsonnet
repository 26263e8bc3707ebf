// Kubernetes: the monitors by which Prometheus scrapes the control plane, the
// kubelets and DNS. A part that is missing from the input has no monitor.
local dropped = import 'dropped.libsonnet';
local objects = import 'lib/objects.libsonnet';

// Prometheus shows its own token; who may read metrics is a role of its account.
local endpoint(at, interval) = at {
  bearerTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
  interval: interval,
};

// Certificates that the program has signed itself are not verified.
local selfSigned = { scheme: 'https', tlsConfig: { insecureSkipVerify: true } };

// That of the API server is signed by the cluster's own authority.
local signed = {
  scheme: 'https',
  tlsConfig: { caFile: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt', serverName: 'kubernetes' },
};

// How long a component has kept its objectives: a few series, read often.
local slis = { metricRelabelings: [dropped.startTime], path: '/metrics/slis' };
local objectives(at, tls) = endpoint(at, '5s') + tls + slis;

// A Service in a namespace, and the label of it that names the job.
local of(namespace, labels, job) = {
  jobLabel: job,
  namespaceSelector: { matchNames: [namespace] },
  selector: { matchLabels: labels },
};

// A label made of another.
local rewrite(source, replacement, target) = {
  action: 'replace',
  regex: '(.*)',
  replacement: replacement,
  sourceLabels: [source],
  targetLabel: target,
};

// All endpoints of the kubelet have one job: the path tells them apart. Their
// series name pods and containers of their own.
local kubelet(at, interval) = at {
  honorLabels: true,
  interval: interval,
  relabelings: [{ action: 'replace', sourceLabels: ['__metrics_path__'], targetLabel: 'metrics_path' }],
};

function(input)
  local monitor(part, name, spec) =
    if part != null then objects.serviceMonitor(part.metadata, name, spec(part.interval, part.endpoint), part.spec);
  local ports(discovery, fields) = [
    { name: port.key } + fields(port.value)
    for port in std.objectKeysValues(discovery.ports)
  ];
  {
    kubeApiserver: monitor(
      input.kubeApiserver, 'kube-apiserver', function(interval, at)
        of('default', { component: 'apiserver', provider: 'kubernetes' }, 'component') {
          endpoints: [
            endpoint(at, interval) + signed {
              metricRelabelings: dropped.deprecated + [dropped.etcd] + dropped.admission + dropped.buckets,
            },
            objectives(at, signed),
          ],
        }
    ),

    kubeControllerManager: monitor(
      input.kubeControllerManager, 'kube-controller-manager', function(interval, at)
        of('kube-system', { 'app.kubernetes.io/name': 'kube-controller-manager' }, 'app.kubernetes.io/name') {
          endpoints: [
            endpoint(at, interval) + selfSigned {
              metricRelabelings: dropped.deprecated + [dropped.etcdWithRequests],
            },
            objectives(at, selfSigned),
          ],
        }
    ),

    kubeScheduler: monitor(
      input.kubeScheduler, 'kube-scheduler', function(interval, at)
        of('kube-system', { 'app.kubernetes.io/name': 'kube-scheduler' }, 'app.kubernetes.io/name') {
          endpoints: [
            endpoint(at, interval) + selfSigned,
            objectives(at, selfSigned),
          ],
        }
    ),

    kubelet: monitor(
      input.kubelet, 'kubelet', function(interval, at)
        of('kube-system', { 'app.kubernetes.io/name': 'kubelet' }, 'app.kubernetes.io/name') {
          endpoints: [
            kubelet(at, interval) { metricRelabelings: dropped.deprecated },
            kubelet(at, interval) {
              path: '/metrics/cadvisor',
              // cAdvisor stamps its samples late, out of order with the scrape.
              honorTimestamps: false,
              metricRelabelings: dropped.cadvisor,
            },
            kubelet(at, interval) { path: '/metrics/probes' },
            kubelet(at, '5s') + slis,
          ],
        }
    ),

    coredns: monitor(
      input.coredns, 'coredns', function(interval, at)
        of('kube-system', { 'k8s-app': 'kube-dns' }, 'app.kubernetes.io/name') {
          endpoints: [endpoint(at, interval) { metricRelabelings: [dropped.dnsMisses] }],
        }
    ),

    // It has no Service; its pods share the network of their node, so the node
    // is the instance, and the port of its metrics is not among the pod's.
    kubeProxy: if input.kubeProxy != null then {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: input.kubeProxy.metadata { name: 'kube-proxy', labels+: { 'k8s-app': 'kube-proxy' } },
      spec: std.mergePatch(of('kube-system', { 'k8s-app': 'kube-proxy' }, 'k8s-app') {
        podMetricsEndpoints: [{
          honorLabels: true,
          [if input.kubeProxy.interval != null then 'interval']: input.kubeProxy.interval,
          relabelings: [
            rewrite('__meta_kubernetes_pod_node_name', '$1', 'instance'),
            rewrite('__meta_kubernetes_pod_ip', '$1:10249', '__address__'),
          ],
        }],
      }, input.kubeProxy.spec),
    },
  } + {
    ['discovery-' + discovery.name]: objects.service(discovery.metadata, discovery.name, {
      clusterIP: 'None',
      ports: ports(discovery, function(number) { port: number, targetPort: number }),
      [if discovery.selector != null then 'selector']: discovery.selector,
    })
    for discovery in input.discovery
  } + {
    ['endpoints-' + discovery.name]: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: discovery.metadata {
        name: discovery.name,
        labels+: {
          'kubernetes.io/service-name': discovery.name,
          'endpointslice.kubernetes.io/managed-by': 'kpbuild',
        },
      },
      addressType: discovery.addressType,
      endpoints: [{ addresses: [address] } for address in discovery.addresses],
      ports: ports(discovery, function(number) { port: number, protocol: 'TCP' }),
    }
    for discovery in input.discovery
    if discovery.addresses != []
  }
