// Parameters of the kube-prometheus mixin: the rules about the stack as a
// whole, whatever it scrapes. Holds no expression; those are in
// alerts.libsonnet and rules.libsonnet.
{
  _config+:: {
    // Label matchers that pick the node-exporter targets, as written inside {}.
    // Only the alert on flapping links uses them: the node records of this
    // mixin take the CPUs and networks of every job.
    nodeExporterSelector: 'job="node-exporter"',

    // Label matchers for the network devices of the host itself. Default:
    // everything but the host ends of pod links, which come and go with pods.
    hostNetworkInterfaceSelector: 'device!~"veth.+"',

    // Label that tells clusters apart. Empty in a single cluster.
    clusterLabel: 'cluster',

    // Share of the targets of one service, in percent, that may be down
    // without an alert.
    targetDownThreshold: 10,

    // Changes of a link's state within the window above which it is flapping.
    interfaceFlapsThreshold: 2,

    // Window in which the changes of a link's state are counted. At least two scrapes (15 s
    // apart by default).
    interfaceFlapsWindow: '2m',

    // Where alerts link to; %s becomes the alert's name in lower case.
    runbookURLPattern: 'https://runbooks.prometheus-operator.dev/runbooks/general/%s',
  },
}
