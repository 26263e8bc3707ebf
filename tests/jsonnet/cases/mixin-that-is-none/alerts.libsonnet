{ prometheusAlert+:: { groups: [] } }
