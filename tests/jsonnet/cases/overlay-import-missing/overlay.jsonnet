{
  prometheus+: import 'prometheus.libsonet',
}
