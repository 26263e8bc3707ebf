{
  extra: {
    service: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'grafana', namespace: 'monitoring' } },
  },
}
