{ prometheus+: { prometheus+: { spec+: { logLevel: importstr 'level.txt' } } } }
