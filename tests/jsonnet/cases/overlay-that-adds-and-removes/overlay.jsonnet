// A new object in a component, new ones beside all components, and objects that go.
{
  local labels = { 'app.kubernetes.io/name': 'quota' },

  prometheus+: {
    podDisruptionBudget: null,
    networkPolicy:: super.networkPolicy,
    quota: {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'quota', namespace: $.values.namespace, labels: labels },
      spec: { hard: { pods: '100' } },
    },
  },
  helper:: { name(suffix):: 'shop-' + suffix },
  shop: {
    roles: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleList',
      items: [
        { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: $.helper.name(n), namespace: 'shop' }, rules: [] }
        for n in ['a', 'b']
      ],
    },
  },
  settings: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'shop' }, data: { a: '1' } },
}
