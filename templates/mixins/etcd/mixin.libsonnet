// etcd, scraped from outside of the cluster or as pods: alerts and a dashboard. Asked for with the scrape of etcd.
(import 'config.libsonnet') +
(import 'alerts.libsonnet') +
(import 'dashboards.libsonnet')
