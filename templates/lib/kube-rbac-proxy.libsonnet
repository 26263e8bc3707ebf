// kube-rbac-proxy: the container beside a component that encrypts its metrics
// and lets in only who may read them, and what else a component needs for it.
{
  // The container, from the input that kube_rbac_proxy.rs makes.
  container(proxy): {
    name: proxy.name,
    image: proxy.image,
    args: [
      '--secure-listen-address=' + proxy.listenAddress,
    ] + [
      '--tls-cipher-suites=' + std.join(',', suites)
      for suites in [proxy.tlsCipherSuites]
      if suites != []
    ] + [
      '--upstream=' + proxy.upstream,
    ],
    ports: [{ containerPort: proxy.port, name: proxy.portName }],
    resources: proxy.resources,
    securityContext: proxy.securityContext,
  },

  // What it asks the API server: who is it, and may they.
  rules: [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ],

  // How Prometheus scrapes through it. Its certificate is its own and signed by
  // nobody, so it is not verified.
  endpoint(port): {
    port: port,
    scheme: 'https',
    bearerTokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    tlsConfig: { insecureSkipVerify: true },
  },
}
