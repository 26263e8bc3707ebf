// Alerts about the stack as a whole: targets that cannot be scraped, the two
// alerts that keep alerting itself in order, and links that flap.
local annotations = import 'lib/annotations.libsonnet';

{
  local config = $._config,

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'general.rules',
        rules: [
          {
            alert: 'TargetDown',
            expr: |||
              100 * count by (%(clusterLabel)s, job, namespace, service) (up == 0)
              / count by (%(clusterLabel)s, job, namespace, service) (up)
              > %(targetDownThreshold)s
            ||| % config,
            'for': '10m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'TargetDown',
              'Prometheus cannot scrape some of its targets.',
              '{{ printf "%%.0f" $value }}%% of the targets of job {{ $labels.job }}{{ with $labels.service }}, service {{ . }}{{ end }}{{ with $labels.namespace }} in namespace {{ . }}{{ end }}{{ with $labels.%(clusterLabel)s }} of cluster {{ . }}{{ end }} do not answer. ' +
              'They may be down, and alerts on their metrics are blind. ' +
              'The targets page of Prometheus shows the error of each; check pods, endpoints, network policies and credentials.'
            ),
          },
          {
            alert: 'Watchdog',
            expr: 'vector(1)',
            labels: { severity: 'none' },
            annotations: annotations(
              config,
              'Watchdog',
              'Always firing: shows that alerts get through.',
              'This alert always fires, to show that Prometheus evaluates rules and that Alertmanager passes alerts on. ' +
              'Send it to a receiver that complains when it stops arriving. ' +
              'If it is missing, no other alert arrives either: check Prometheus, Alertmanager and the way between them.'
            ),
          },
          {
            // Alertmanager mutes informational alerts in every namespace where
            // this one is firing: those without anything worse.
            alert: 'InfoInhibitor',
            expr: |||
              group by (namespace) (ALERTS{severity="info"})
              unless on (namespace)
              group by (namespace) (ALERTS{alertname!="InfoInhibitor",alertstate="firing",severity=~"warning|critical"})
            |||,
            labels: { severity: 'none' },
            annotations: annotations(
              config,
              'InfoInhibitor',
              'Mutes informational alerts that come alone.',
              'There are informational alerts{{ with $labels.namespace }} in namespace {{ . }}{{ end }}, and nothing worse. ' +
              'Nobody needs to act: while this alert fires, Alertmanager holds them back, and it ends as soon as a warning or a critical alert joins them. ' +
              'Route it to no receiver.'
            ),
          },
        ],
      },
      {
        name: 'node-network',
        rules: [
          {
            alert: 'NodeNetworkInterfaceFlapping',
            expr: |||
              changes(node_network_up{%(nodeExporterSelector)s,%(hostNetworkInterfaceSelector)s}[%(interfaceFlapsWindow)s])
              > %(interfaceFlapsThreshold)s
            ||| % config,
            'for': '2m',
            labels: { severity: 'warning' },
            annotations: annotations(
              config,
              'NodeNetworkInterfaceFlapping',
              'A network link of a node keeps going up and down.',
              'Network device {{ $labels.device }} of {{ $labels.instance }} went up or down {{ $value | humanize }} times within %(interfaceFlapsWindow)s. ' +
              'Connections of the node and its pods break off. ' +
              'Check cable, transceiver and switch port, and the kernel log (`dmesg`) of the node.'
            ),
          },
        ],
      },
    ],
  },
}
