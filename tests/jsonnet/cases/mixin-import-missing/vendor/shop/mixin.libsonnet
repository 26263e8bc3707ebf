local g = import 'github.com/grafana/grafonnet/main.libsonnet';
{ grafanaDashboards+:: { 'a.json': g.dashboard.new('A') } }
