//! A dashboard that asks a data source which Grafana does not have.

use kpbuild_core::suggest::nearest;
use kpbuild_core::{Code, Severity, yaml};
use kpbuild_dashboard::references;
use serde_json::Value;

use crate::check::{Check, Findings};
use crate::facts::{Facts, items};

pub(super) const CHECK: Check = Check {
    code: Code("dashboard-source"),
    severity: Severity::Warning,
    page: "\
A panel, query or variable names a data source that is not one of those that
Grafana is given, or a variable lets choose among data sources of a type of which
there is none: the panel shows `data source not found`. Dashboards that were
exported from another Grafana carry the random uid of its data source.

Data sources that somebody adds by hand are not known; `-- Grafana --`,
`-- Mixed --` and `-- Dashboard --` are Grafana's own. To mend it, use a variable
of the type `datasource`, or the name of a data source of the stack.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let provisioned = provisioned(facts);
    if provisioned.is_empty() {
        return;
    }
    for dashboard in &facts.dashboards {
        let place = format!("{} in `{}`", dashboard.words(), dashboard.object.key());
        for name in &dashboard.model().sources {
            let is_own =
                ["", "default", "grafana"].contains(&name.as_str()) || name.starts_with("-- ");
            if is_own || !references(name).is_empty() {
                continue;
            }
            let names = || {
                provisioned
                    .iter()
                    .flat_map(|one| [one.name.as_str(), one.uid.as_str()])
                    .filter(|name| !name.is_empty())
            };
            if !names().any(|one| one == name) {
                let help = match nearest(name, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "let a variable of the type `datasource` name it".to_owned(),
                };
                let message =
                    format!("{place} asks the data source `{name}`, which Grafana does not have");
                findings.on(dashboard.object, message).help(help);
            }
        }
        for (_, variable) in kpbuild_dashboard::variables(&dashboard.model().value)
            .filter(|(_, variable)| variable["type"] == "datasource")
        {
            let wanted = variable["query"].as_str().unwrap_or_default();
            if !provisioned.iter().any(|one| one.kind == wanted) {
                let message = format!(
                    "{place} lets choose a data source of the type `{wanted}`, of which Grafana has none"
                );
                findings
                    .on(dashboard.object, message)
                    .help("add the data source to Grafana, or leave the dashboard out");
            }
        }
    }
}

struct Provisioned {
    name: String,
    uid: String,
    kind: String,
}

/// The data sources that Grafana is given by a file.
fn provisioned(facts: &Facts<'_>) -> Vec<Provisioned> {
    let mut all = Vec::new();
    let objects = facts.bundle.objects().iter();
    for object in objects.filter(|object| matches!(object.kind(), "Secret" | "ConfigMap")) {
        let text = Facts::text(object, "datasources.yaml");
        let Some(config) = text.and_then(|text| yaml::read(&text).ok()) else {
            continue;
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        all.extend(items(&config["datasources"]).map(|one| Provisioned {
            name: text(&one["name"]),
            uid: text(&one["uid"]),
            kind: text(&one["type"]),
        }));
    }
    all
}
