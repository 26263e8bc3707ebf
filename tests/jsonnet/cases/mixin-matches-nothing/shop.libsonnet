{
  prometheusAlerts+:: { groups: [{ name: 'shop', rules: [
    { alert: 'ShopDown', expr: 'up{job="shop"} == 0' },
    { alert: 'ShopSlow', expr: 'shop_latency > 1' },
  ] }] },
}
