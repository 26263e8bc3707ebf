// Kubernetes: the monitors by which Prometheus scrapes the control plane, the
// kubelets and DNS. A part that is missing from the input has no monitor.
local dropped = import 'dropped.libsonnet';
local objects = import 'lib/objects.libsonnet';

// Prometheus shows its own token; who may read metrics is a role of its account.
local endpoint(port, interval) = {
  bearerTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
  interval: interval,
  port: port,
};

// Certificates that the program has signed itself are not verified.
local selfSigned = { scheme: 'https', tlsConfig: { insecureSkipVerify: true } };

// That of the API server is signed by the cluster's own authority.
local signed = {
  scheme: 'https',
  tlsConfig: { caFile: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt', serverName: 'kubernetes' },
};

// How long a component has kept its objectives: a few series, read often.
local objectives(port, tls) = endpoint(port, '5s') + tls {
  metricRelabelings: [dropped.startTime],
  path: '/metrics/slis',
};

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
local kubelet(interval) = endpoint('https-metrics', interval) + selfSigned {
  honorLabels: true,
  relabelings: [{ action: 'replace', sourceLabels: ['__metrics_path__'], targetLabel: 'metrics_path' }],
};

function(input)
  local monitor(part, name, spec) =
    if part != null then objects.serviceMonitor(part.metadata, name, spec(part.interval), part.spec);
  {
    kubeApiserver: monitor(
      input.kubeApiserver, 'kube-apiserver', function(interval)
        of('default', { component: 'apiserver', provider: 'kubernetes' }, 'component') {
          endpoints: [
            endpoint('https', interval) + signed {
              metricRelabelings: dropped.deprecated + [dropped.etcd] + dropped.admission + dropped.buckets,
            },
            objectives('https', signed),
          ],
        }
    ),

    kubeControllerManager: monitor(
      input.kubeControllerManager, 'kube-controller-manager', function(interval)
        of('kube-system', { 'app.kubernetes.io/name': 'kube-controller-manager' }, 'app.kubernetes.io/name') {
          endpoints: [
            endpoint('https-metrics', interval) + selfSigned {
              metricRelabelings: dropped.deprecated + [dropped.etcdWithRequests],
            },
            objectives('https-metrics', selfSigned),
          ],
        }
    ),

    kubeScheduler: monitor(
      input.kubeScheduler, 'kube-scheduler', function(interval)
        of('kube-system', { 'app.kubernetes.io/name': 'kube-scheduler' }, 'app.kubernetes.io/name') {
          endpoints: [
            endpoint('https-metrics', interval) + selfSigned,
            objectives('https-metrics', selfSigned),
          ],
        }
    ),

    kubelet: monitor(
      input.kubelet, 'kubelet', function(interval)
        of('kube-system', { 'app.kubernetes.io/name': 'kubelet' }, 'app.kubernetes.io/name') {
          endpoints: [
            kubelet(interval) { metricRelabelings: dropped.deprecated },
            kubelet(interval) {
              path: '/metrics/cadvisor',
              // cAdvisor stamps its samples late, out of order with the scrape.
              honorTimestamps: false,
              metricRelabelings: dropped.cadvisor,
            },
            kubelet(interval) { path: '/metrics/probes' },
            kubelet('5s') + objectives('https-metrics', selfSigned),
          ],
        }
    ),

    coredns: monitor(
      input.coredns, 'coredns', function(interval)
        of('kube-system', { 'k8s-app': 'kube-dns' }, 'app.kubernetes.io/name') {
          endpoints: [endpoint('metrics', interval) { metricRelabelings: [dropped.dnsMisses] }],
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
  }
