//! A Grafana that others reach and whose administrator has the password that
//! everybody knows.

use kpbuild_core::{Code, Object, Severity};
use serde_json::Value;

use crate::check::{Check, Findings};
use crate::facts::Facts;

pub(super) const CHECK: Check = Check {
    code: Code("grafana-default-password"),
    severity: Severity::Warning,
    page: "\
Grafana starts with the user `admin` and the password `admin`, and asks for
another one at the first login. Whoever reaches it first logs in first; and
without a volume it forgets the new password with each pod. Here others reach
it: by an Ingress, a Gateway, a port of the nodes or a load balancer.

To mend it, let `kpbuild apply` make a password once and keep it in a Secret:
`components.grafana.admin: {secret: grafana-admin, generate: true}`. It is shown
by `kpbuild grafana-password`. Or name a Secret of your own without `generate`,
or let people in by another way (`auth.*` in Grafana's `config`) and switch the
login form off.",
    run,
};

fn run(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let of_grafana = |object: &&Object| object.origin.component == "grafana";
    let objects = || facts.bundle.objects().iter().filter(of_grafana);
    let Some(deployment) = objects().find(|object| object.kind() == "Deployment") else {
        return;
    };
    let Some(way) = objects().find_map(way_in) else {
        return;
    };
    if has_password(deployment) || objects().any(sets_password) {
        return;
    }
    let message = format!(
        "`{}` is reached by {way}, and its administrator has the default password",
        deployment.key()
    );
    findings.on(deployment, message).help(
        "let `kpbuild apply` make one: `components.grafana.admin: {secret: grafana-admin, generate: true}`",
    );
}

/// How others reach what an object leads to.
fn way_in(object: &Object) -> Option<&'static str> {
    match object.kind() {
        "Ingress" => Some("an Ingress"),
        "HTTPRoute" => Some("a Gateway"),
        "Service" => match object.at(&["spec", "type"])?.as_str()? {
            "NodePort" => Some("a port of every node"),
            "LoadBalancer" => Some("a load balancer"),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the environment of a container has a password.
fn has_password(deployment: &Object) -> bool {
    let containers = deployment.at(&["spec", "template", "spec", "containers"]);
    let containers = containers.and_then(Value::as_array).into_iter().flatten();
    let variables = containers.filter_map(|container| container["env"].as_array());
    variables.flatten().any(|variable| {
        let name = variable["name"].as_str().unwrap_or_default();
        name.starts_with("GF_SECURITY_ADMIN_PASSWORD")
            || name == "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"
            || name == "GF_AUTH_DISABLE_LOGIN_FORM"
    })
}

/// Whether Grafana's own configuration sets a password, or leaves no way to use it.
fn sets_password(object: &Object) -> bool {
    let ini = object.at(&["stringData", "grafana.ini"]);
    let lines = ini.and_then(Value::as_str).unwrap_or_default().lines();
    lines
        .filter_map(|line| line.split_once('='))
        .any(|(key, value)| match key.trim() {
            "admin_password" => true,
            "disable_initial_admin_creation" | "disable_login_form" => value.trim() == "true",
            _ => false,
        })
}
