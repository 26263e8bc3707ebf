// The spelling of objects that many components have alike. Everything here is
// a function of what the component passes; nothing has a default.
{
  serviceAccount(metadata, name, token): {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata { name: name },
    automountServiceAccountToken: token,
  },

  // A pod of several containers: kubectl takes the named one when asked for none.
  podMetadata(metadata, container): metadata {
    annotations+: { 'kubectl.kubernetes.io/default-container': container },
  },

  service(metadata, name, spec): {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata { name: name },
    spec: spec,
  },

  serviceMonitor(metadata, name, spec, patch): {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: metadata { name: name },
    spec: std.mergePatch(spec, patch),
  },

  // The `storage` of the operator's custom resources: a volume for each replica.
  storage(storage): {
    volumeClaimTemplate: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: storage.size } },
        [if storage.class != null then 'storageClassName']: storage.class,
      },
    },
  },

  podDisruptionBudget(metadata, name, spec): {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata { name: name },
    spec: spec,
  },

  // Lets everything out, and in only what `ingress` lists.
  networkPolicy(metadata, name, selector, ingress): {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata { name: name },
    spec: {
      podSelector: { matchLabels: selector },
      policyTypes: ['Egress', 'Ingress'],
      egress: [{}],
      ingress: ingress,
    },
  },

  // One way in: from the pods of an application, to ports (TCP unless said otherwise).
  from(app, ports): {
    from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': app } } }],
    ports: [if std.isNumber(port) then { port: port, protocol: 'TCP' } else port for port in ports],
  },

  role(metadata, name, rules): {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: if std.objectHas(metadata, 'namespace') then 'Role' else 'ClusterRole',
    metadata: metadata { name: name },
    rules: rules,
  },

  // Binds a role of the same scope (or `kind: ClusterRole` in `role`) to a service account.
  roleBinding(metadata, name, role, account, namespace): {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: if std.objectHas(metadata, 'namespace') then 'RoleBinding' else 'ClusterRoleBinding',
    metadata: metadata { name: name },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: if std.objectHas(metadata, 'namespace') then 'Role' else 'ClusterRole',
    } + role,
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: namespace }],
  },
}
