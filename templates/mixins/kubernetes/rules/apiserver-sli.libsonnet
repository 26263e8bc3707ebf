// What the objective of the API server calls slow, as label matchers on the
// latency histogram; shared by the availability and the burn rates.
{
  // The bucket that ends at `seconds`, whose bound is printed as 1 or 1.0
  // depending on the version of the API server and of Prometheus.
  bucket(seconds):: 'le=~"%g([.]0)?"' % seconds,

  // Reads that are in time by the kind of what they read.
  readsInTime(latency):: [
    'scope=~"resource|", ' + $.bucket(latency.readResource),
    'scope="namespace", ' + $.bucket(latency.readNamespace),
    'scope="cluster", ' + $.bucket(latency.readCluster),
  ],

  // Requests that take as long as their user wants.
  longRunning:: 'subresource!~"proxy|attach|log|exec|portforward"',
}
