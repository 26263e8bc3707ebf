//! What checks look at: the objects of a bundle, and what follows from them.
//! Made once for all checks; it says nothing about right and wrong.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use glob::Pattern;
use kpbuild_core::{Bundle, Object};
use kpbuild_stack::Checking;
use promql_parser::label::Matchers;
use serde_json::Value;

use crate::dashboards::{self, Dashboard};
use crate::expressions::{self, Expression, Of, Query};
use crate::metrics::{Series, metrics};
use crate::pods::{self, Pods};
use crate::promql;
use crate::rules::{self, Rule};
use crate::scrapes::{self, Scrape};
use crate::selector::{Labels, labels};
use crate::services::{self, Service};

/// A series where it is exposed.
#[derive(Debug)]
struct Exposed {
    /// The scrape by its index.
    scrape: usize,
    series: Series,
    /// The labels that it has once it is stored, when somebody has asked.
    labels: OnceCell<promql::Names>,
}

/// A bundle and what follows from it.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) bundle: &'a Bundle,
    /// What the stack file says to checks.
    pub(crate) checking: &'a Checking,
    pub(crate) pods: Vec<Pods<'a>>,
    pub(crate) services: Vec<Service<'a>>,
    /// Every endpoint of every monitor at every Service that it selects.
    pub(crate) scrapes: Vec<Scrape<'a>>,
    pub(crate) rules: Vec<Rule<'a>>,
    /// The rules that record a name, by their index.
    pub(crate) records: BTreeMap<&'a str, Vec<usize>>,
    pub(crate) dashboards: Vec<Dashboard<'a>>,
    /// The queries of dashboards, of prometheus-adapter and of Pyrra's objectives.
    pub(crate) queries: Vec<Query<'a>>,
    /// The dashboards, by their index, that are about something which this stack
    /// does not measure at all, such as Windows nodes.
    unmeasured: BTreeSet<usize>,
    /// The labels of records that were asked for, by name.
    pub(crate) record_labels: RefCell<BTreeMap<String, promql::Names>>,
    /// Where names that were asked for are exposed.
    exposed: RefCell<BTreeMap<String, Rc<[Exposed]>>>,
    declared: Vec<Pattern>,
    external: Vec<Pattern>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(bundle: &'a Bundle, checking: &'a Checking) -> Self {
        let pods = pods::of(bundle);
        let services = services::of(bundle, &pods);
        let scrapes = scrapes::of(bundle, &services, &pods);
        let rules = rules::of(bundle);
        let mut records: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.is_alert) {
            records.entry(rule.name).or_default().push(index);
        }
        let dashboards = dashboards::of(bundle);
        let mut queries = expressions::of_dashboards(&dashboards);
        queries.extend(expressions::of_adapter(bundle));
        queries.extend(expressions::of_objectives(bundle));
        let mut facts = Self {
            bundle,
            checking,
            pods,
            services,
            scrapes,
            rules,
            records,
            dashboards,
            queries,
            declared: patterns(&checking.metrics),
            external: patterns(&checking.external),
            unmeasured: BTreeSet::new(),
            record_labels: RefCell::default(),
            exposed: RefCell::default(),
        };
        facts.unmeasured = facts.about_nothing();
        facts
    }

    /// Whether a query belongs to a dashboard about something that this stack does
    /// not measure. kube-prometheus brings such dashboards along on purpose.
    pub(crate) fn is_unmeasured(&self, expression: &Expression<'_, '_>) -> bool {
        match expression.of {
            Of::Query(Query {
                dashboard: Some(index),
                ..
            }) => self.unmeasured.contains(index),
            _ => false,
        }
    }

    /// The dashboards of which no panel can show anything, because all that they
    /// read is of components that are known and not scraped.
    fn about_nothing(&self) -> BTreeSet<usize> {
        let mut candidates: BTreeSet<usize> = BTreeSet::new();
        let mut measured: BTreeSet<usize> = BTreeSet::new();
        for query in &self.queries {
            let (Some(dashboard), Ok(expr)) = (query.dashboard, &query.expr) else {
                continue;
            };
            let uses = promql::uses(expr);
            let lacks = uses.iter().filter(|one| !self.is_there(one));
            let names: Vec<&str> = lacks.filter_map(|one| one.name()).collect();
            // What there is to choose from says nothing about what is shown.
            if names.is_empty() && !query.is_variable {
                measured.insert(dashboard);
            }
            if names
                .iter()
                .any(|name| metrics().synthetic(name) || metrics().exposing(name).next().is_some())
            {
                candidates.insert(dashboard);
            }
        }
        candidates.difference(&measured).copied().collect()
    }

    /// Whether something is recorded or scraped that a selector may select.
    fn is_there(&self, one: &promql::Use<'_>) -> bool {
        let matchers = &one.selector.matchers;
        let Some(name) = one.name() else { return true };
        if metrics().synthetic(name) {
            let mut scrapes = self.scrapes.iter();
            return name.starts_with("ALERTS") || scrapes.any(|one| one.has_job(matchers));
        }
        let fits = |one: &Exposed| {
            let scrape = &self.scrapes[one.scrape];
            scrape.has_job(matchers) && scrape.fits(matchers)
        };
        self.records.contains_key(name)
            || self.is_declared(name)
            || self.exposed(name).iter().any(fits)
    }

    /// All PromQL that can be read.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = Expression<'_, 'a>> {
        let rules = self.rules.iter().filter_map(|rule| {
            Some(Expression {
                object: rule.object,
                expr: rule.expr.as_deref().ok()?,
                of: Of::Rule(rule),
            })
        });
        let queries = self.queries.iter().filter_map(|query| {
            Some(Expression {
                object: query.object,
                expr: query.expr.as_deref().ok()?,
                of: Of::Query(query),
            })
        });
        rules.chain(queries)
    }

    /// Whether the stack file says that others install an object.
    pub(crate) fn is_external(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let names = [
            format!("{kind}/{name}"),
            format!("{kind}/{namespace}/{name}"),
        ];
        self.external
            .iter()
            .any(|pattern| names.iter().any(|name| pattern.matches(name)))
    }

    /// Whether the stack file says that a metric is there.
    pub(crate) fn is_declared(&self, metric: &str) -> bool {
        self.declared.iter().any(|pattern| pattern.matches(metric))
    }

    /// The Prometheus objects and agents.
    pub(crate) fn prometheuses(&self) -> impl Iterator<Item = &'a Object> + use<'a> {
        let objects = self.bundle.objects().iter();
        objects.filter(|object| matches!(object.kind(), "Prometheus" | "PrometheusAgent"))
    }

    /// The pods that are made of an object.
    pub(crate) fn pods_of(&self, object: &Object) -> Option<&Pods<'a>> {
        self.pods
            .iter()
            .find(|pods| pods.object.key() == object.key())
    }

    /// An object by kind, namespace and name.
    pub(crate) fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&'a Object> {
        let objects = self.bundle.objects().iter();
        objects
            .filter(|object| object.kind() == kind)
            .find(|object| object.key().namespace == namespace && object.key().name == name)
    }

    /// Whether the bundle runs pods in a namespace, so that what is missing
    /// there is hardly somebody else's.
    pub(crate) fn is_ours(&self, namespace: &str) -> bool {
        self.pods.iter().any(|pods| pods.namespace() == namespace)
    }

    /// The labels of a namespace, as far as the bundle says them.
    pub(crate) fn namespace_labels(&self, name: &str) -> Labels {
        let object = self.find("Namespace", "", name);
        let mut all = object.map_or_else(Labels::new, |object| {
            labels(&object.value()["metadata"]["labels"])
        });
        all.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
        all
    }

    /// Whether something is scraped that the program has no facts about, so
    /// that a series it does not know may well exist.
    pub(crate) fn scrapes_unknown_targets(&self) -> bool {
        let others = ["ScrapeConfig", "Probe"];
        // Rules without a Prometheus are for one that is somebody else's.
        self.prometheuses().next().is_none()
            || self.scrapes.iter().any(|scrape| scrape.component.is_none())
            || others
                .iter()
                .any(|kind| self.bundle.of_kind(kind).next().is_some())
            || self.prometheuses().any(|object| {
                let spec = &object.value()["spec"];
                spec["additionalScrapeConfigs"].is_object()
                    || spec["enableRemoteWriteReceiver"] == true
                    || spec["enableOTLPReceiver"] == true
            })
    }

    /// Where a series comes from: the scrapes that expose it and that a
    /// selector's matchers of targets let through.
    pub(crate) fn sources(&self, name: &str, matchers: &Matchers) -> Vec<(&Scrape<'a>, Series)> {
        let exposed = self.exposed(name);
        let all = exposed
            .iter()
            .map(|one| (&self.scrapes[one.scrape], &one.series));
        all.filter(|(scrape, _)| scrape.fits(matchers))
            .map(|(scrape, series)| (scrape, series.clone()))
            .collect()
    }

    /// The labels that a series may have, from wherever it comes.
    pub(crate) fn labels_of_sources(&self, name: &str, matchers: &Matchers) -> promql::Names {
        let exposed = self.exposed(name);
        let labels = exposed.iter().filter_map(|one| {
            let scrape = &self.scrapes[one.scrape];
            let labels = || one.labels.get_or_init(|| scrape.labels(&one.series));
            scrape.fits(matchers).then(|| labels().clone())
        });
        labels
            .reduce(promql::Names::or)
            .unwrap_or(promql::Names::Any)
    }

    /// The scrapes that expose a name, looked for once: several checks ask for the
    /// same names.
    fn exposed(&self, name: &str) -> Rc<[Exposed]> {
        if let Some(known) = self.exposed.borrow().get(name) {
            return Rc::clone(known);
        }
        let scrapes = self.scrapes.iter().enumerate();
        let found: Rc<[Exposed]> = scrapes
            .filter_map(|(index, scrape)| {
                Some(Exposed {
                    scrape: index,
                    series: scrape.series(name)?,
                    labels: OnceCell::new(),
                })
            })
            .collect();
        let mut all = self.exposed.borrow_mut();
        all.insert(name.to_owned(), Rc::clone(&found));
        found
    }

    /// Whether a name is recorded, synthetic, or exposed by what is scraped.
    pub(crate) fn exists(&self, name: &str) -> bool {
        self.records.contains_key(name)
            || metrics().synthetic(name)
            || self.is_declared(name)
            || !self.exposed(name).is_empty()
    }

    /// The jobs that scrapes have; none if one of them cannot be known.
    pub(crate) fn jobs(&self) -> Option<BTreeSet<String>> {
        let others = ["ScrapeConfig", "Probe"];
        if others
            .iter()
            .any(|kind| self.bundle.of_kind(kind).next().is_some())
            || self
                .prometheuses()
                .any(|one| one.value()["spec"]["additionalScrapeConfigs"].is_object())
        {
            return None;
        }
        let mut jobs = BTreeSet::new();
        for scrape in &self.scrapes {
            match (&scrape.job, scrape.component) {
                (Some(job), _) => jobs.extend([job.clone()]),
                (None, Some(component)) => jobs.extend(component.names().map(str::to_owned)),
                (None, None) => return None,
            }
        }
        Some(jobs)
    }

    /// The labels that an expression's result may have.
    pub(crate) fn labels(&self, expr: &promql_parser::parser::Expr) -> promql::Names {
        crate::labels::of(self, expr, 0)
    }

    /// The value that a Secret or ConfigMap holds under a key.
    pub(crate) fn text(object: &Object, key: &str) -> Option<String> {
        use base64::Engine as _;
        let value = object.value();
        let plain = value["stringData"][key].as_str();
        if let Some(text) = plain {
            return Some(text.to_owned());
        }
        let text = value["data"][key].as_str()?;
        if object.kind() == "ConfigMap" {
            return Some(text.to_owned());
        }
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text)
            .ok()?;
        String::from_utf8(bytes).ok()
    }
}

/// The patterns of a list; what is none stands for itself.
pub(crate) fn patterns(texts: &[String]) -> Vec<Pattern> {
    let pattern = |text: &String| {
        Pattern::new(text).unwrap_or_else(|_| {
            Pattern::new(&Pattern::escape(text)).expect("an escaped text is a pattern")
        })
    };
    texts.iter().map(pattern).collect()
}

/// Why a text does not have one of the formats of stack files, if it does not.
pub(crate) fn has_format(name: &str, text: &str) -> Result<(), String> {
    let format = kpbuild_stack::format::named(name).expect("checks name formats of the table");
    format.check(text)
}

/// The items of a list, none if it is not one.
pub(crate) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The strings of a list.
pub(crate) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    items(value).filter_map(Value::as_str)
}
