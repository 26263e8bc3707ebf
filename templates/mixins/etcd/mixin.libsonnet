// etcd, scraped from outside of the cluster or as pods: alerts. Asked for with the scrape of etcd.
(import 'config.libsonnet') +
(import 'alerts.libsonnet')
