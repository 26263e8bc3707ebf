// The alert about the address pool of the AWS VPC CNI plug-in. The reference gives it no runbook.
{
  local config = $._config,

  prometheusAlerts+:: {
    groups+: [
      {
        name: 'aws-vpc-cni.rules',
        rules: [
          {
            alert: 'AwsVpcCniWarmIPsLow',
            expr: |||-
              sum by (instance) (awscni_total_ip_addresses{%(awsVpcCniSelector)s})
              -
              sum by (instance) (awscni_assigned_ip_addresses{%(awsVpcCniSelector)s})
              < %(minimumWarmIPs)s
            ||| % config,
            'for': config.minimumWarmIPsTime,
            labels: { severity: 'critical' },
            annotations: {
              summary: 'A node has few addresses left for pods.',
              description: |||-
                The AWS VPC CNI plug-in on node {{ $labels.instance }} has only {{ $value }} free IP addresses left (at least %(minimumWarmIPs)s are wanted): once they are used up, new pods on that node stay in ContainerCreating.
                Check for free addresses in the subnet, the limit of network interfaces of the instance type, and the log of the pod aws-node on that node.
              ||| % config,
            },
          },
        ],
      },
    ],
  },
}
