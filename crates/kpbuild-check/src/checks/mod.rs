//! All checks, each in a file of its own. A new check is a new file and two
//! lines here; that it has a page and a case in the table of mutations are tests.

mod absent_without_for;
mod adapter_query;
mod alert_comparison;
mod alert_severity;
mod alertmanager_config;
mod alertmanager_label;
mod alertmanager_template;
mod alertmanager_template_missing;
mod alertmanager_template_unused;
mod api_service;
mod beyond_retention;
mod counter_without_rate;
mod dashboard_link;
mod dashboard_source;
mod dead_branch;
mod disruption_budget;
mod dropped_metric;
mod duplicate_scrape;
mod external_label;
mod fragile_alert;
mod grafana_default_password;
mod group_interval;
mod missing_config;
mod missing_key;
mod monitor_port;
mod monitor_selects_nothing;
mod nan_spreads;
mod needless_regex;
mod network_policy_gossip;
mod network_policy_query;
mod network_policy_scrape;
mod network_policy_selects_nothing;
mod not_selected;
mod object_labels;
mod object_name;
mod object_namespace;
mod objective;
mod port_not_listening;
mod priority_class;
mod probe_module;
mod promql_feature;
mod range_too_short;
mod rate_of_gauge;
mod rbac_binding;
mod rbac_discovery;
mod rbac_scrape;
mod receiver_missing;
mod receiver_unused;
mod record_order;
mod removed_api;
mod resources;
mod rule_duplicate;
mod rule_names;
mod rule_syntax;
mod schema;
mod service_account;
mod service_port;
mod service_reference;
mod service_selects_nothing;
mod severity_unrouted;
mod storage_class;
mod template_label;
mod template_raw_value;
mod template_syntax;
mod template_value;
mod unknown_alert;
mod unknown_job;
mod unknown_label;
mod unknown_metric;
mod unknown_record;
mod vector_match;
mod volume_mount;
mod workload_selector;

use crate::check::Check;

pub use object_namespace::{is_namespaced, is_of_cluster};
pub(crate) use rbac_discovery::lacks;

/// All checks: of the wiring, of PromQL, of alerting, of dashboards, of single
/// objects. What can be wrong with a dashboard by itself is listed by
/// `kpbuild-dashboard`.
pub const CHECKS: &[Check] = &[
    monitor_selects_nothing::CHECK,
    monitor_port::CHECK,
    duplicate_scrape::CHECK,
    not_selected::CHECK,
    service_selects_nothing::CHECK,
    service_port::CHECK,
    port_not_listening::CHECK,
    network_policy_scrape::CHECK,
    network_policy_gossip::CHECK,
    network_policy_query::CHECK,
    network_policy_selects_nothing::CHECK,
    rbac_discovery::CHECK,
    rbac_scrape::CHECK,
    rbac_binding::CHECK,
    service_account::CHECK,
    service_reference::CHECK,
    grafana_default_password::CHECK,
    missing_config::CHECK,
    missing_key::CHECK,
    api_service::CHECK,
    disruption_budget::CHECK,
    storage_class::CHECK,
    priority_class::CHECK,
    probe_module::CHECK,
    rule_syntax::CHECK,
    rule_names::CHECK,
    rule_duplicate::CHECK,
    alert_comparison::CHECK,
    alert_severity::CHECK,
    range_too_short::CHECK,
    counter_without_rate::CHECK,
    rate_of_gauge::CHECK,
    unknown_metric::CHECK,
    unknown_record::CHECK,
    dropped_metric::CHECK,
    unknown_job::CHECK,
    unknown_label::CHECK,
    vector_match::CHECK,
    record_order::CHECK,
    needless_regex::CHECK,
    dead_branch::CHECK,
    beyond_retention::CHECK,
    absent_without_for::CHECK,
    fragile_alert::CHECK,
    nan_spreads::CHECK,
    unknown_alert::CHECK,
    promql_feature::CHECK,
    group_interval::CHECK,
    external_label::CHECK,
    adapter_query::CHECK,
    objective::CHECK,
    template_syntax::CHECK,
    template_label::CHECK,
    template_value::CHECK,
    template_raw_value::CHECK,
    alertmanager_config::CHECK,
    alertmanager_template::CHECK,
    alertmanager_template_missing::CHECK,
    alertmanager_template_unused::CHECK,
    receiver_missing::CHECK,
    receiver_unused::CHECK,
    severity_unrouted::CHECK,
    alertmanager_label::CHECK,
    dashboard_source::CHECK,
    dashboard_link::CHECK,
    schema::CHECK,
    object_name::CHECK,
    object_namespace::CHECK,
    object_labels::CHECK,
    removed_api::CHECK,
    resources::CHECK,
    volume_mount::CHECK,
    workload_selector::CHECK,
];
