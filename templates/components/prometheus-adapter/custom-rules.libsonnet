// What the custom metrics API offers without further words: the adapter's
// `rules`. Each metric belongs to the object that its labels name, and is summed
// over the rest. Counters are offered as what they gain a second, under the name
// that is left without their ending. What stands in `<<` and `>>` is filled in
// by the adapter.
local window = '5m';

local total = 'sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)';
local perSecond = 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[%s])) by (<<.GroupBy>>)' % window;

// cAdvisor's are about containers, whose labels have the names of Kubernetes.
local containers = {
  resources: { overrides: { namespace: { resource: 'namespace' }, pod: { resource: 'pod' } } },
};
// Any other label that is the name of a resource names an object of it.
local others = { resources: { template: '<<.Resource>>' } };

local ofContainers(name) = '{__name__=~"%s", container!="", namespace!="", pod!=""}' % name;
local ofOthers = '{__name__!~"^container_.*", namespace!=""}';

local containerCounter = '^container_.*_total$';

[
  containers {
    seriesQuery: ofContainers(containerCounter),
    seriesFilters: [],
    name: { matches: '^container_(.+?)(_seconds)?_total$', as: '${1}' },
    metricsQuery: perSecond,
  },
  containers {
    seriesQuery: ofContainers('^container_.*'),
    seriesFilters: [{ isNot: containerCounter }],
    name: { matches: '^container_(.*)$', as: '' },
    metricsQuery: total,
  },
  others {
    seriesQuery: ofOthers,
    seriesFilters: [{ isNot: '.*_total$' }],
    name: { matches: '', as: '' },
    metricsQuery: total,
  },
  others {
    seriesQuery: ofOthers,
    seriesFilters: [{ is: '.*_total$' }],
    name: { matches: '^(.+?)(_seconds)?_total$', as: '${1}' },
    metricsQuery: perSecond,
  },
]
