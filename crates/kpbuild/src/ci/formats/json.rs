//! The report for programs.

use serde_json::{Value, json};

use super::findings::{problems as findings, silenced};
use crate::ci::report::{Report, SharedRule};
use crate::plan_report;
use crate::problems::{self, Problem};

pub(super) fn json(report: &Report) -> String {
    let stacks: Vec<Value> = report
        .outcomes
        .iter()
        .zip(&report.labels)
        .map(|(outcome, label)| {
            json!({
                "stack": label,
                "file": outcome.path.display().to_string(),
                "state": outcome.state,
                "objects": outcome.objects,
                "summary": outcome.plan.as_deref().map(plan_report::json_summary),
                "wrong_before": outcome.wrong_before,
            })
        })
        .collect();
    let values = |list: &[Problem]| list.iter().map(problems::json).collect::<Vec<_>>();
    let changes = plan_report::json(&report.changes());
    let whole = json!({
        "base": report.base,
        "stacks": stacks,
        "findings": values(&findings(report)),
        "silenced": values(&silenced(report)),
        "tests": report.tests(),
        "rules": report.rules.iter().map(rule).collect::<Vec<_>>(),
        "moved": changes["moved"],
        "objects": changes["objects"],
    });
    format!("{whole:#}\n")
}

fn rule(rule: &SharedRule) -> Value {
    let mut value = serde_json::to_value(&rule.change).expect("a change is JSON");
    value["tendency"] = json!(rule.change.tendency());
    value["stacks"] = json!(rule.stacks);
    if let Some(tried) = &rule.tried {
        value["backtest"] = json!(tried);
    }
    value
}
