{
  etcd+: { serviceMonitor+: { spec+: {} } },
  kubernetesControlPlane+: { serviceMonitorKubelet+: {} },
  'node-exporter'+: { daemonSet+: {} },
}
