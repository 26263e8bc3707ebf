// The parameters of the alert about the address pool of the AWS VPC CNI plug-in, with the reference's defaults.
{
  _config+:: {
    // Label matchers in every selector, as `job="aws-node"`. None by default: no other program has these metrics.
    awsVpcCniSelector: '',

    // Free addresses that a node should hold in reserve. A node without any cannot start pods that need one.
    minimumWarmIPs: 10,

    // How long a node may hold fewer. The plug-in needs a while to attach a further network interface.
    minimumWarmIPsTime: '10m',
  },
}
